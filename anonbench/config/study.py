"""The section ``study``: blocks of cells."""

from __future__ import annotations

from typing import Annotated

from anonbench.common.validation import Model
from anonbench.config.cells import Labels
from anonbench.config.types import Draw, EvaluatedOn, NonEmpty, Region, Seed


class Block(Model):
    """One block of the study: the product of its lists, and the originals as baseline."""

    datasets: Annotated[list[str], NonEmpty]
    models: Annotated[list[str], NonEmpty]
    regions: Annotated[list[Region], NonEmpty]
    methods: Annotated[list[str], NonEmpty]
    levels: Annotated[list[str], NonEmpty]
    seeds: Annotated[list[Seed], NonEmpty] = [0]
    draws: Annotated[list[Draw], NonEmpty] = [0]
    labels: Annotated[list[Labels], NonEmpty] = ["kept"]
    evaluate_on: Annotated[list[EvaluatedOn], NonEmpty] = ["original"]
