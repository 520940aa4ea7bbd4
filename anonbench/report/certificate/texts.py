"""What a certificate's page is made of besides code: the template and the style beside this file."""

from __future__ import annotations

from pathlib import Path

from anonbench.common.files import sha256_of

FOLDER = Path(__file__).parent
TEMPLATE, STYLE = FOLDER / "certificate.html", FOLDER / "certificate.css"


def texts_digest() -> str:
    """A digest of both."""
    return sha256_of(repr([sha256_of(path.read_bytes()) for path in (TEMPLATE, STYLE)]).encode())
