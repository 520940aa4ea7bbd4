"""What is wrong with a sample arrives from a data loader's process as it was raised, to be told in one sentence.

torch raises an exception of another process anew, as text, and makes another exception of one with more than one
argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from torch.utils.data import DataLoader, Dataset

from anonbench.common.errors import UserError
from anonbench.common.faults import explained


class Telling(Dataset):
    """Another dataset, of which a sample that cannot be loaded is the :class:`UserError` that says why."""

    def __init__(self, dataset: Any) -> None:
        self._told = dataset

    def __len__(self) -> int:
        return len(self._told)

    def __getitem__(self, index: int) -> Any:
        try:
            return self._told[index]
        except Exception as error:
            told = explained(error)
            if told is None:
                raise
            return told

    def __getattr__(self, name: str) -> Any:
        if name == "_told":  # which a copy does not have yet
            raise AttributeError(name)
        return getattr(self._told, name)

    def __deepcopy__(self, memo: dict[int, Any]) -> Telling:
        return self  # MMEngine copies what it builds a loader from


def tell(loader: DataLoader) -> DataLoader:
    """Let a loader of a :class:`Telling` dataset pass on what is wrong in place of a batch; it is returned."""
    loader.collate_fn = partial(_collated, loader.collate_fn)
    return loader


def heard(batches: Iterable[Any]) -> Iterator[Any]:
    """The batches of such a loader.

    Raises
    ------
    UserError
        If a sample of the next batch cannot be loaded.
    """
    for batch in batches:
        if isinstance(batch, UserError):
            raise batch
        yield batch


def _collated(collate: Callable[[list[Any]], Any], samples: list[Any]) -> Any:
    wrong = [sample for sample in samples if isinstance(sample, UserError)]
    return wrong[0] if wrong else collate(samples)
