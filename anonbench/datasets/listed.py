"""Formats whose splits the user lists one by one, under the key ``splits``."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from anonbench.common.errors import UserError
from anonbench.common.validation import Model
from anonbench.config.datasets import DatasetConfig
from anonbench.datasets.format import Format

T = TypeVar("T")


class Splits(Model, Generic[T]):
    """What the user says of each split; None of those that the dataset does not have."""

    train: T | None = None
    val: T | None = None
    generator: T | None = None


class ListedConfig(DatasetConfig):
    """Base of the configurations of such formats."""

    splits: Splits[Any]


class ListedFormat(Format):
    """Base of such formats."""

    config: ListedConfig

    def splits(self) -> tuple[str, ...]:
        return tuple(split for split, listed in self.config.splits if listed is not None)

    def check(self) -> None:
        super().check()
        for split in ("train", "val"):
            if split not in self.splits():
                raise UserError(
                    f"`splits` lacks {split!r}.", "Add it: models train on `train` and are scored on `val`."
                )

    def conversion(self, split: str) -> dict[str, Any]:
        whole = super().conversion(split)
        return whole | {"splits": {split: whole["splits"][split]}}
