"""What is wrong with a dataset's files before any job runs: those out of reach, and those that are not the right ones.

What a look at the configuration itself reveals, a format's own :meth:`~anonbench.datasets.format.Format.check` finds.
"""

from __future__ import annotations

from collections.abc import Iterable

from anonbench.common.files import read_made
from anonbench.common.validation import validated
from anonbench.datasets.format import Format
from anonbench.datasets.locate import locate, needed_roles, record_of, remote_files
from anonbench.datasets.verify import Verified, recall


def out_of_reach(dataset: str, format: Format, splits: Iterable[str], archives: Iterable[str] = ()) -> list[str]:
    """The files behind a login that these splits need and that no folder holds, a line each with how to get it.

    Parameters
    ----------
    dataset, format
        The dataset's name in the configuration, and its format.
    splits
        Some of its splits.
    archives
        The folders that the key ``archives`` lists.
    """
    files = remote_files(format)
    return [
        f"{files[role].file_name} of {dataset} ({files[role].size / 1e6:,.0f} MB;"
        f" datasets.{dataset}.{format.config.path_key(role)}): {files[role].login}"
        for role in needed_roles(format, splits)
        if not files[role].urls and not locate(dataset, format, role, archives).is_file()
    ]


def check_verified(dataset: str, format: Format, splits: Iterable[str], archives: Iterable[str] = ()) -> None:
    """Stop when a file that was verified is no longer what the configuration says; parameters as in `out_of_reach`.

    Raises
    ------
    UserError
        Naming the file.
    """
    files = remote_files(format)
    for role in needed_roles(format, splits):
        path, record = locate(dataset, format, role, archives), record_of(dataset, files[role].file_name)
        if record.is_file() and path.is_file():
            recall(validated(Verified, read_made(record), str(record)), path, files[role])
