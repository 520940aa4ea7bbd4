"""The section ``generators``: who is learned from, who is replaced, and how long is learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from anonbench.common.validation import Model
from anonbench.config.types import Digest, NonEmpty, Positive, Region, Seed

DEFAULT_KIND = "style_unet"


class Learns(Model):
    """The people that a generator learns from."""

    dataset: str
    split: Literal["train", "generator"] = "train"


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, Mapping | Learns) else value


class WeightsFile(Model):
    """A weight file, and the hash that it must have."""

    file: str
    sha256: Digest


class GeneratorConfig(Model):
    """Base of every kind's configuration; the kind adds its own keys.

    ``learns`` is one split of people or several. ``trained`` names a generator's file that exists already, of another
    study for instance, which is used as it is.
    """

    kind: str = DEFAULT_KIND
    region: Region
    learns: Annotated[list[Learns], BeforeValidator(_listed, json_schema_input_type=Learns | list[Learns]), NonEmpty]
    serves: Annotated[list[str], NonEmpty]
    width: Annotated[int, Field(ge=16, le=1024)]
    height: Annotated[int, Field(ge=16, le=1024)]
    channels: Annotated[int, Field(ge=1, le=512)]
    epochs: Positive
    batch: Annotated[int, Field(ge=2)] = 8
    snapshot_every: Positive = 10
    max_people: Positive = 20000
    vgg16: WeightsFile | None = None
    inception: WeightsFile | None = None
    seed: Seed = 0
    trained: str | None = None

    def redrawn(self, draw: int) -> GeneratorConfig:
        """The same generator trained once more, with another seed; a ``trained`` one is what it is."""
        return self if self.trained else self.model_copy(update={"seed": self.seed + draw})

    def learning(self) -> dict[str, Any]:
        """What training depends on, as plain values.

        Neither who is served nor where the people come from counts; and of weight files their hash, not where they lie.
        """
        own = {"serves": True, "learns": True, "trained": True}
        return self.model_dump(mode="json", exclude=own | {"vgg16": {"file"}, "inception": {"file"}})
