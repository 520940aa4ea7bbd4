"""How the images of a variant are made."""

from __future__ import annotations

from typing import Any

from anonbench.common.records import Record
from anonbench.config.types import Seed


class Recipe(Record):
    """A method at a level for a region.

    ``method`` is its name in the configuration and ``plugin`` the plug-in that does it (``external`` for a user's own
    command); ``config`` are the plug-in's parameters as plain values; ``files`` the digests of a command's files;
    ``seed`` the base of everything random; ``share`` which share of people is anonymized.
    """

    method: str
    plugin: str
    config: dict[str, Any]
    files: dict[str, str] = {}
    seed: Seed = 0
    share: float = 1.0
