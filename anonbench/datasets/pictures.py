"""Converts one image file into the common form: 8-bit RGB JPEG or PNG, upright as annotated, without metadata."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from PIL import Image, ImageOps

from anonbench.common.errors import UserError
from anonbench.common.images import MAX_PIXELS, decode, encode, strip_metadata

# Pillow opens a multi-picture JPEG (MPO) as a JPEG first.
_READABLE = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")
_ORIENTATION = 0x0112
_FIX = "Replace the image, or take it out of the dataset."


@dataclass(frozen=True)
class Picture:
    """A normalised image: its file's bytes and name, its size in px, and what was done to it.

    ``changes`` holds any of ``rotated`` (by its EXIF orientation), ``kept_as_stored`` (its orientation was ignored
    because its annotations ignore it), ``converted`` (from another pixel format or file type) and
    ``renamed`` (a suffix was appended, because the name's own does not say JPEG or PNG).
    """

    data: bytes
    file_name: str
    width: int
    height: int
    changes: tuple[str, ...] = ()


def normalise(
    image: bytes | np.ndarray, file_name: str, declared_size: tuple[int, int] | None = None, *, where: str | None = None
) -> Picture:
    """Convert an image into the common form, losslessly wherever its pixels can stay.

    An image whose annotations fit it as displayed (turned by its EXIF orientation) is turned; one whose annotations fit
    only its stored pixels keeps those; where both fit or no size is declared it is turned, as viewers and OpenCV do.
    Transparency is dropped without compositing and 16-bit values keep their upper byte, as ``cv2.imread`` does.

    Parameters
    ----------
    image
        An encoded JPEG, PNG, WebP, BMP or TIFF, or a (height, width, 3) uint8 RGB array.
    file_name
        Its name in the dataset, with POSIX separators.
    declared_size
        The (width, height) px that the annotations claim.
    where
        What messages call it.

    Raises
    ------
    UserError
        If the image cannot be read, is larger than 100 megapixels, or its size is not the declared one.
    """
    where = where or file_name
    if isinstance(image, np.ndarray):
        height, width = image.shape[:2]
        _check_size(where, declared_size, {(width, height)})
        return Picture(encode(image, PurePosixPath(file_name).suffix), file_name, width, height)
    try:
        with Image.open(io.BytesIO(image), formats=_READABLE) as opened:
            return _normalise_file(image, opened, file_name, declared_size, where)
    except UserError:
        raise
    # Pillow raises nearly anything on damaged files: OSError, SyntaxError, ValueError, struct.error, bomb errors, ...
    except Exception as error:
        raise UserError(f"{where} is not a readable image ({error}).", _FIX) from None


def _normalise_file(
    data: bytes, opened: Image.Image, file_name: str, declared: tuple[int, int] | None, where: str
) -> Picture:
    stored = opened.size
    if stored[0] * stored[1] > MAX_PIXELS:
        raise UserError(f"{where} has {stored[0]} x {stored[1]} px, above the limit of {MAX_PIXELS:,}.", _FIX)
    jpeg = opened.format in ("JPEG", "MPO")
    orientation = _orientation(opened)
    turned = orientation != 1
    displayed = stored[::-1] if orientation in range(5, 9) else stored
    _check_size(where, declared, {stored, displayed})
    keep_stored = turned and declared is not None and declared != displayed
    changes = ["kept_as_stored" if keep_stored else "rotated"] if turned else []

    suffix = PurePosixPath(file_name).suffix.lower()
    kind = ".png" if suffix == ".png" or not jpeg else ".jpg"
    if not (suffix == ".png" or (jpeg and suffix in (".jpg", ".jpeg"))):
        file_name += kind
        changes.append("renamed")

    plain = opened.mode == "RGB" and (jpeg or _is_plain_png(data))
    if plain and (not turned or keep_stored) and (kind == ".jpg") == jpeg:
        data = strip_metadata(data, where)
        height, width = decode(data, where).shape[:2]
    else:
        if not plain:
            changes.append("converted")
        pixels = _rgb(opened, turned and not keep_stored)
        height, width = pixels.shape[:2]
        _check_size(where, declared, {(width, height)})
        data = encode(pixels, kind)
    return Picture(data, file_name, width, height, tuple(changes))


def _orientation(opened: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 if it has none, or for a TIFF, which Pillow turns itself."""
    if opened.format == "TIFF":
        return 1
    try:
        orientation = opened.getexif().get(_ORIENTATION, 1)
    # Damaged EXIF in a sound image is common; viewers show such an image as it is stored.
    except Exception:
        return 1
    return orientation if orientation in range(1, 9) else 1


def _check_size(where: str, declared: tuple[int, int] | None, actual: set[tuple[int, int]]) -> None:
    if declared is not None and declared not in actual:
        sizes = " or ".join(f"{width} x {height}" for width, height in sorted(actual))
        raise UserError(
            f"{where} is {sizes} px, but its annotations say {declared[0]} x {declared[1]} px.",
            "Correct its width and height, or use the image that was annotated.",
        )


def _is_plain_png(data: bytes) -> bool:
    """Whether these are an 8-bit RGB PNG's bytes, without transparency or animation."""
    # Bit depth and colour type stand at a fixed place in IHDR; Pillow reports 16-bit colour as RGB as well.
    header_end = data.find(b"IDAT")
    return (
        data[:8] == b"\x89PNG\r\n\x1a\n"
        and data[24:26] == b"\x08\x02"
        and not (b"tRNS" in data[:header_end] or b"acTL" in data[:header_end])
    )


def _rgb(opened: Image.Image, turn: bool) -> np.ndarray:
    """The pixels as (height, width, 3) uint8 RGB, turned upright if asked to."""
    image = ImageOps.exif_transpose(opened) if turn else opened
    if image.mode.startswith(("I", "F")):
        values = np.asarray(image)
        if not np.issubdtype(values.dtype, np.integer) or values.min() < 0 or values.max() > 0xFFFF:
            raise ValueError("its pixels are neither 8-bit nor 16-bit")
        return np.repeat((values >> 8).astype(np.uint8)[:, :, None], 3, axis=2)
    return np.ascontiguousarray(np.asarray(image.convert("RGB")))
