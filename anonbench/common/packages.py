"""Data files that Python packages carry."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution

from anonbench.common.errors import UserError
from anonbench.common.files import sha256_of


def packaged_file(package: str, name: str, sha256: str) -> bytes:
    """The bytes of a file that an installed package carries; the package itself is not imported.

    Parameters
    ----------
    package
        The distribution's name.
    name
        The file's name, without its folder.
    sha256
        The file's hash, or its first digits where no more is published.

    Raises
    ------
    UserError
        If the package is not installed, or the file is missing or another one.
    """
    fix = f"Install the pinned environment again; it holds the package {package}."
    try:
        files = distribution(package).files or []
    except PackageNotFoundError:
        raise UserError(f"The Python package {package} is not installed.", fix) from None
    found = [file for file in files if file.name == name]
    if not found:
        raise UserError(f"The Python package {package} does not hold {name}.", fix)
    data = found[0].locate().read_bytes()
    if not sha256_of(data).startswith(sha256):
        raise UserError(f"{found[0].locate()} is not the published file: its SHA-256 is not {sha256}.", fix)
    return data
