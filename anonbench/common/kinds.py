"""What a file seems to be that is not what it should be, in a user's words."""

from __future__ import annotations

import re

# By the bytes at the beginning; of RIFF and ISO files those at the eighth or fourth byte decide.
_SIGNATURES = (
    (b"version https://git-lfs", "a Git LFS pointer, whose file was not fetched"),
    (b"GIF8", "a GIF"),
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x1aE\xdf\xa3", "a video (Matroska or WebM)"),
    (b"\x00\x00\x01\xba", "a video (MPEG)"),
    (b"\x00\x00\x01\xb3", "a video (MPEG)"),
    (b"8BPS", "a Photoshop file"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 image"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 image"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL image"),
    (b"\xff\x0a", "a JPEG XL image"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\xff\xd8", "a JPEG that is cut off or damaged"),
    (b"\x89PNG", "a PNG that is cut off or damaged"),
    (b"II*\x00", "a TIFF (or raw camera file) that is damaged or not supported"),
    (b"MM\x00*", "a TIFF (or raw camera file) that is damaged or not supported"),
    (b"BM", "a BMP that is cut off or damaged"),
)
_HEIF = {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"}
_START = 4096  # bytes that tell whether it is a text
_READABLE = "JPEG, PNG, WebP, BMP, TIFF, HEIC and AVIF"


def described(data: bytes) -> str:
    """What a file that is no readable image seems to be, from its bytes: a phrase for "it is …"."""
    return other_than_text(data) or ("a text" if _is_text(data[:_START]) else f"none of {_READABLE}")


def other_than_text(data: bytes) -> str | None:
    """What a file that is no plain text seems to be: the same phrase, or None where nothing is known of it."""
    if not data:
        return "empty"
    if not data.strip(b"\0"):
        return "full of zeros"
    for signature, kind in _SIGNATURES:
        if data.startswith(signature):
            return kind
    if data[:4] == b"RIFF":
        kinds = {b"WEBP": "a WebP that is cut off or damaged", b"AVI ": "a video (AVI)", b"WAVE": "a sound"}
        return kinds.get(data[8:12], "a RIFF file")
    if data[4:8] == b"ftyp":
        brand = data[8:12]
        if brand in _HEIF:
            return "a HEIC that is cut off or damaged"
        return "an AVIF that is cut off or damaged" if brand in (b"avif", b"avis") else "a video (MP4 or QuickTime)"
    return _markup(data[:_START])


def _markup(start: bytes) -> str | None:
    text = start.decode("utf-8", "ignore").lstrip("\ufeff").lstrip()
    if re.match(r"<!doctype html|<html|<head|<body", text, re.IGNORECASE):
        return "a web page (HTML), as a failed download leaves it"
    if re.match(r"<\?xml|<svg|<\w", text, re.IGNORECASE):
        return "an SVG" if "<svg" in text.lower() else "XML"
    return None


def _is_text(start: bytes) -> bool:
    try:
        # The last character may be cut in two.
        text = start.decode("utf-8", "ignore" if len(start) == _START else "strict")
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character.isspace() for character in text.lstrip("\ufeff"))
