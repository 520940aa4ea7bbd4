"""The pinned versions of the packages that decide a result."""

from __future__ import annotations

import re
from importlib.metadata import version

from anonbench.common.root import ROOT

CONSTRAINTS = ROOT / "envs" / "constraints.txt"


def pins(*packages: str) -> dict[str, str]:
    """The version of each package in ``envs/constraints.txt``, or the installed one where the library stands alone.

    Raises
    ------
    KeyError
        If a package is not pinned there.
    """
    if not CONSTRAINTS.is_file():
        return {package: version(package) for package in packages}
    pinned = dict(re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", CONSTRAINTS.read_text(encoding="utf-8"), re.MULTILINE))
    return {package: pinned[package] for package in packages}
