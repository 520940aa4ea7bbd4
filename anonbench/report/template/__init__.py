"""The page's template, style and script, which stand beside this file."""

from __future__ import annotations

from pathlib import Path

from anonbench.common.files import sha256_of
from anonbench.report.places import PUBLISHED
from anonbench.report.terms import FILE as TERMS

FOLDER = Path(__file__).parent
SUFFIXES = (".html", ".css", ".js")


def page_digest() -> str:
    """A digest of what the page is made of besides code: these files, the definitions, and figures of papers."""
    own = [path for path in sorted(FOLDER.iterdir()) if path.suffix in SUFFIXES]
    return sha256_of(repr([(path.name, sha256_of(path.read_bytes())) for path in [*own, TERMS, PUBLISHED]]).encode())
