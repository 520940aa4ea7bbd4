"""What decides a generator's tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from anonbench.common.validation import Model
from anonbench.config.generators import GeneratorConfig
from anonbench.config.types import Region


class Shape(Model):
    """What decides a generator's tensors.

    Parameters
    ----------
    kind
        The plug-in's name.
    region
        ``face`` or ``body``.
    width, height
        Of the network's window, px.
    channels
        The width of its finest stage.
    keypoint_names
        The names of the keypoints that it reads, which are those of the dataset that it learned from. Those of another
        dataset are matched with them by name.
    """

    kind: Annotated[str, Field(max_length=256)]
    region: Region
    width: Annotated[int, Field(ge=16, le=1024)]
    height: Annotated[int, Field(ge=16, le=1024)]
    channels: Annotated[int, Field(ge=1, le=512)]
    keypoint_names: Annotated[tuple[str, ...], Field(max_length=256)] = ()

    @classmethod
    def of(cls, config: GeneratorConfig, keypoint_names: Sequence[str]) -> Shape:
        """The shape of a configured generator that reads these keypoints."""
        settings = config.model_dump(include={"kind", "region", "width", "height", "channels"})
        return cls(**settings, keypoint_names=tuple(keypoint_names))

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) px."""
        return self.width, self.height

    @property
    def keypoints(self) -> int:
        """The number of keypoints that it reads."""
        return len(self.keypoint_names)
