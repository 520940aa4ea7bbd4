"""Converts one image file into the common form: 8-bit RGB JPEG or PNG, upright as annotated, without metadata."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from anonbench.common.errors import UserError
from anonbench.common.images import MAX_PIXELS, decode, encode, strip_metadata
from anonbench.common.kinds import described

# Pillow opens a multi-picture JPEG (MPO) as a JPEG first.
_READABLE = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "AVIF", "HEIF")
_ORIENTATION = 0x0112
# Where Pillow finds XMP, whose orientation OpenCV, viewers and browsers do not know.
_XMP = ("xmp", "XML:com.adobe.xmp")
_FIX = "Replace the image, or take it out of the dataset."


@dataclass(frozen=True)
class Picture:
    """A normalised image: its file's bytes and name, its pixels, and what was done to it.

    ``pixels`` are (height, width, 3) uint8 RGB: before they were encoded, where they had to be.
    ``changes`` holds any of ``rotated`` (by its EXIF orientation), ``kept_as_stored`` (its orientation was ignored
    because its annotations ignore it), ``converted`` (from another pixel format or file type) and
    ``renamed`` (a suffix was appended, because the name's own does not say JPEG or PNG).
    """

    data: bytes
    file_name: str
    pixels: np.ndarray = field(repr=False, compare=False)
    changes: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        return self.pixels.shape[1]

    @property
    def height(self) -> int:
        return self.pixels.shape[0]


@dataclass(frozen=True)
class Stored:
    """What an image file says of itself: (width, height) px as stored and as displayed, and its EXIF orientation."""

    stored: tuple[int, int]
    displayed: tuple[int, int]
    orientation: int


def look(path: Path) -> Stored | None:
    """What an image file says of itself, without decoding its pixels; None if it is none that can be read."""
    try:
        with open(path, "rb") as stream, _opened(stream) as opened:
            if opened.format == "PNG" and not _may_be_oriented(path.read_bytes()):
                return _stored(opened, 1)
            return _stored(opened, _orientation(opened))
    except Exception:  # as in `normalise`, which says what is wrong
        return None


def _may_be_oriented(png: bytes) -> bool:
    # Asked for the orientation, Pillow decodes the pixels, since it may stand after them.
    return b"eXIf" in png or b"Raw profile type" in png


def normalise(
    image: bytes | np.ndarray,
    file_name: str,
    declared_size: tuple[int, int] | None = None,
    *,
    turn: bool | None = None,
    where: str | None = None,
) -> Picture:
    """Convert an image into the common form, losslessly wherever its pixels can stay.

    Unless ``turn`` says it, an image whose declared size is that of its display (turned by its EXIF orientation) is
    turned, and one whose declared size is only that of its stored pixels keeps those; where both are or none is
    declared it is turned, as viewers and OpenCV do. An orientation in XMP alone counts for nothing. Transparency is
    dropped without compositing and 16-bit values keep their upper byte, as ``cv2.imread`` does.

    Parameters
    ----------
    image
        An encoded JPEG, PNG, WebP, BMP, TIFF, HEIC or AVIF, whatever its name says, or a (height, width, 3) uint8 RGB
        array.
    file_name
        Its name in the dataset, with POSIX separators.
    declared_size
        The (width, height) px that the annotations claim.
    turn
        Whether it is turned by its EXIF orientation; None leaves that to ``declared_size``.
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
        return Picture(encode(image, PurePosixPath(file_name).suffix), file_name, image)
    try:
        with _opened(io.BytesIO(image)) as opened:
            return _normalise_file(image, opened, file_name, declared_size, turn, where)
    except UserError:
        raise
    except UnidentifiedImageError:
        raise UserError(f"{where} is not a readable image: it is {described(image)}.", _FIX) from None
    # Pillow raises nearly anything on damaged files: OSError, SyntaxError, ValueError, struct.error, bomb errors, ...
    except Exception as error:
        raise UserError(f"{where} is not a readable image ({error}).", _FIX) from None


def _opened(stream: BinaryIO) -> Image.Image:
    _register_heif()
    return Image.open(stream, formats=_READABLE)


@cache
def _register_heif() -> None:
    import pi_heif  # only conversions need it

    pi_heif.register_heif_opener()


def _stored(opened: Image.Image, orientation: int) -> Stored:
    stored = opened.size
    return Stored(stored, stored[::-1] if orientation in range(5, 9) else stored, orientation)


def _normalise_file(
    data: bytes,
    opened: Image.Image,
    file_name: str,
    declared: tuple[int, int] | None,
    turn: bool | None,
    where: str,
) -> Picture:
    stored = opened.size
    if stored[0] * stored[1] > MAX_PIXELS:
        raise UserError(f"{where} has {stored[0]} x {stored[1]} px, above the limit of {MAX_PIXELS:,}.", _FIX)
    jpeg = opened.format in ("JPEG", "MPO")
    orientation = _orientation(opened)
    turned = orientation != 1
    displayed = _stored(opened, orientation).displayed
    _check_size(where, declared, {stored, displayed})
    if turn is None:
        turn = declared is None or declared == displayed
    keep_stored = turned and not turn
    changes = ["kept_as_stored" if keep_stored else "rotated"] if turned else []

    suffix = PurePosixPath(file_name).suffix.lower()
    kind = ".png" if suffix == ".png" or not jpeg else ".jpg"
    if not (suffix == ".png" or (jpeg and suffix in (".jpg", ".jpeg"))):
        file_name += kind
        changes.append("renamed")

    plain = opened.mode == "RGB" and (jpeg or _is_plain_png(data))
    if plain and (not turned or keep_stored) and (kind == ".jpg") == jpeg:
        data = strip_metadata(data, where)
        pixels = decode(data, where)
    else:
        if not plain:
            changes.append("converted")
        pixels = _rgb(opened, turned and not keep_stored)
        if not turned:  # a TIFF, which Pillow turns itself
            _check_size(where, declared, {pixels.shape[1::-1]})
        data = encode(pixels, kind)
    return Picture(data, file_name, pixels, tuple(changes))


def _orientation(opened: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 if it has none, or for a TIFF, which Pillow turns itself."""
    if opened.format == "TIFF":
        return 1
    try:
        if opened.format == "PNG" and "exif" not in opened.info:
            opened.load()  # it may stand after the pixels
        for key in _XMP:
            opened.info.pop(key, None)
        exif = Image.Exif()
        if data := opened.info.get("exif"):
            exif.load(data)
        else:
            exif = opened.getexif()  # as text of a PNG
        orientation = exif.get(_ORIENTATION, 1)
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
