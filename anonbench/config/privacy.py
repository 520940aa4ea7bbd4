"""The sections ``attacks`` and ``privacy``: how attackers work, and which variants they attack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Annotated, Literal, get_args

from anonbench.common.validation import Model
from anonbench.config.cells import Variant
from anonbench.config.types import NonEmpty, Region, Seed

CLEAR, CONTROL = "clear", "control"


class AttackConfig(Model):
    """The keys of every attack: the plug-in, what its random draws follow from, and whether the attacker sees what is
    around the region (``shown``), as in a published file, or the region's pixels alone (``hidden``)."""

    attack: str
    seed: Seed = 0
    surroundings: Literal["hidden", "shown"] = "hidden"


class PrivacyBlock(Model):
    """A block of attacks: on the people of ``datasets``, judging variants of the study's datasets ``serves``.

    Without ``methods`` and ``levels``, every variant of these regions that the study has of the datasets it serves.
    """

    datasets: Annotated[list[str], NonEmpty]
    serves: Annotated[list[str], NonEmpty]
    regions: Annotated[list[Region], NonEmpty]
    methods: list[str] = []
    levels: list[str] = []
    attacks: Annotated[list[str], NonEmpty]


@dataclass(frozen=True, order=True)
class Attacked:
    """One attack on a variant of a dataset's people.

    ``variant`` is that of an anonymization, or an anchor: ``{region}-clear``, where nothing is anonymized, and
    ``{region}-control``, where the region's pixels are of one colour and its outline is all that is left.
    """

    dataset: str
    variant: str
    attack: str

    @property
    def path(self) -> str:
        """The file of what it reaches, relative to the working directory."""
        return f"results/attacks/{self.dataset}/{self.variant}/{self.attack}.json"

    @property
    def region(self) -> Region:
        """The region that is anonymized and attacked."""
        return self.variant.partition("-")[0]

    @property
    def made(self) -> Variant | None:
        """The variant that is anonymized for it; None for an anchor."""
        return None if is_anchor(self.variant) else Variant.parse(self.variant)


def anchor(region: Region, kind: str) -> str:
    """The name of a region's anchor: of :data:`CLEAR` or of :data:`CONTROL`."""
    return f"{region}-{kind}"


def is_anchor(variant: str) -> bool:
    """Whether that is the name of an anchor."""
    return variant in {anchor(region, kind) for region in get_args(Region) for kind in (CLEAR, CONTROL)}


def attacked_variants(block: PrivacyBlock, study: Iterable[tuple[str, Variant]]) -> list[Variant]:
    """The variants that a block attacks, sorted: of its lists, or else of the study.

    Parameters
    ----------
    block
        The block.
    study
        Dataset and variant of everything that the study anonymizes and an attack can be made on.
    """
    if block.methods:
        return sorted(Variant(*parts) for parts in product(block.regions, block.methods, block.levels))
    return sorted({v for dataset, v in study if dataset in block.serves and v.region in block.regions and not v.draw})


def expand_attacks(blocks: Iterable[PrivacyBlock], study: Iterable[tuple[str, Variant]]) -> list[Attacked]:
    """Every attack that the blocks ask for, and the same on the anchors of the attacked regions, once each, sorted.

    A block for which there is no variant to attack asks for nothing.
    """
    studied = list(study)
    return sorted({attacked for block in blocks for attacked in _of_block(block, studied)})


def _of_block(block: PrivacyBlock, study: list[tuple[str, Variant]]) -> Iterator[Attacked]:
    variants = attacked_variants(block, study)
    regions = {variant.region for variant in variants}
    names = [*map(str, variants), *(anchor(region, kind) for region in regions for kind in (CLEAR, CONTROL))]
    for dataset, variant, attack in product(block.datasets, names, block.attacks):
        yield Attacked(dataset, variant, attack)
