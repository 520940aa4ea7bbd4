"""Finds a dataset format's module by its name."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from types import ModuleType

from anonbench.common.errors import UserError

FORMATS = (
    "bdd100k", "cityscapes", "coco", "coco2017", "crowdpose", "lspet", "pennfudan", "scenes", "wider_face",
)  # fmt: skip


def format_module(name: str) -> ModuleType:
    """Import the module of one format.

    Every format module has ``FILES`` (a :class:`~anonbench.datasets.sources.RemoteFile` by role, empty where nothing is
    fetched), ``needs(spec, split)`` (the roles that a split is read from) and ``load(spec, split, files) -> Split``
    (``files`` gives the paths by role). Imported lazily, so that a change of one format's code concerns only the
    datasets that use it.

    Raises
    ------
    UserError
        If there is no such format.
    """
    if name not in FORMATS:
        raise UserError(
            f"The dataset format {name!r} does not exist.", f"Set `format` to one of: {', '.join(FORMATS)}."
        )
    return importlib.import_module(f"anonbench.datasets.formats.{name}")


def require_split(split: str, known: Iterable[str], called: str) -> None:
    """Stop when a dataset has no such split.

    Raises
    ------
    UserError
        Naming the splits that ``called``, a format or dataset, does have.
    """
    if split not in known:
        raise UserError(f"{called} has no split {split!r}.", f"Use one of: {', '.join(known)}.")
