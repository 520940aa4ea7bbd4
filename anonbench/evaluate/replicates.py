"""The metrics of one cell on every resample of its images, and their file."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np

from anonbench.common.errors import UserError
from anonbench.common.files import MAKE_AGAIN, whole


class Column(NamedTuple):
    """A metric: of which task, over what, and which; named as in the result matrix."""

    task: str
    scope: str
    category: str
    metric: str


@dataclass(frozen=True)
class Replicates:
    """M metrics of one cell on the split itself and on B resamples of its images.

    Replicates of the same number of two cells of a dataset are of the same resample. All are fractions of 1, NaN where
    no instance defines them.

    Parameters
    ----------
    columns
        What the M metrics are.
    point
        (M,) float64, of the split itself.
    values
        (B, M) float32, of the resamples.
    units
        How many images, or groups of images, were drawn for each resample.
    """

    columns: list[Column]
    point: np.ndarray
    values: np.ndarray
    units: int


def write_replicates(path: Path | str, replicates: Replicates) -> None:
    """Write a cell's replicates as ``.npz``, whole or not at all."""
    columns = np.array(replicates.columns, dtype=np.str_).reshape(-1, len(Column._fields))
    with whole(path) as out:
        np.savez_compressed(out, columns=columns, point=replicates.point, values=replicates.values,
                            units=np.int64(replicates.units))  # fmt: skip


def read_replicates(path: Path | str) -> Replicates:
    """Read a cell's replicates. Pickled objects are never loaded.

    Raises
    ------
    UserError
        If the file is missing or is not one of replicates.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            columns, point, values, units = (file[name] for name in ("columns", "point", "values", "units"))
    except FileNotFoundError:
        raise UserError(f"{path} does not exist.", "Run the workflow again, which makes it.") from None
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile, zlib.error) as error:
        raise _foreign(path, str(error)) from None
    if columns.dtype.kind != "U" or columns.ndim != 2 or columns.shape[1] != len(Column._fields):
        raise _foreign(path, "columns are not four names each")
    if point.dtype != np.float64 or point.shape != (len(columns),):
        raise _foreign(path, "there is not one value of the split for each column")
    if values.dtype != np.float32 or values.ndim != 2 or values.shape[1] != len(columns):
        raise _foreign(path, "there is not one value of every resample for each column")
    if units.dtype != np.int64 or units.shape or units < 1:
        raise _foreign(path, "the number of images is not one")
    return Replicates([Column(*row) for row in columns.tolist()], point, values, int(units))


def _foreign(path: Path | str, what: str) -> UserError:
    return UserError(f"{path} does not hold a cell's replicates ({what}).", MAKE_AGAIN)
