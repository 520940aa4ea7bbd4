"""The tables of a study as they lie on the disk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from anonbench.common.errors import UserError
from anonbench.common.files import MAKE_AGAIN

NUMBERS = (
    *("value", "baseline", "drop", "linkability"),
    *("least_share", "share_p1", "share_p5", "median_share"),
)


def read_table(path: Path | str) -> pd.DataFrame:
    """``summary.csv`` or ``audit.csv``; empty numbers are NaN, and names such as ``none`` are names.

    Raises
    ------
    UserError
        If it is missing or damaged.
    """
    try:
        return pd.read_csv(path, keep_default_na=False, na_values={name: [""] for name in NUMBERS})
    except FileNotFoundError:
        raise UserError(f"{path} does not exist.", "Run the workflow again, which makes it.") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is damaged ({error}).", MAKE_AGAIN) from None


def read_columns(path: Path | str, columns: Sequence[str], numbers: Iterable[str]) -> pd.DataFrame:
    """The columns of a CSV file, in that order; of ``numbers``, what is empty is NaN, and of the others a name.

    Raises
    ------
    UserError
        If the file is missing or lacks a column.
    """
    try:
        table = pd.read_csv(path, keep_default_na=False, na_values={name: [""] for name in numbers})
    except FileNotFoundError:
        raise UserError(f"{path} does not exist.", MAKE_AGAIN) from None
    if lacking := [name for name in columns if name not in table]:
        raise UserError(f"{path} lacks {', '.join(lacking)}.", MAKE_AGAIN)
    return table[columns]
