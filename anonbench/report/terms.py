"""The definitions of the project's words, from ``docs/terms.md``."""

from __future__ import annotations

import re
from pathlib import Path

from anonbench.common.root import ROOT

FILE = ROOT / "docs/terms.md"
_ROW = re.compile(r"^\| (.+?) \| (.+) \|$", re.MULTILINE)


def read_terms(path: Path = FILE) -> dict[str, str]:
    """Definitions by term, in the file's order, as plain text. A row that defines several terms gives each of them."""
    rows = [(name, meaning) for name, meaning in _ROW.findall(path.read_text(encoding="utf-8")) if name != "term"]
    return {one.strip(): _plain(meaning) for names, meaning in rows for one in names.split(",")}


def _plain(markdown: str) -> str:
    return re.sub(r"\[([^]]+)]\([^)]*\)", r"\1", markdown).replace("`", "")
