"""Image files as arrays and bytes: bounded decoding, encoding at the paper's quality, lossless removal of metadata."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from anonbench.common.errors import UserError
from anonbench.common.files import sha256_of

MAX_PIXELS = 100_000_000
# What to do about a damaged image of a dataset. Its folder alone would not be missed: the annotations are its manifest.
MAKE_SPLIT_AGAIN = (
    "Delete its split's resources/datasets/<dataset>/annotations/<split>.json and run the workflow again, which then "
    "makes the split's images anew."
)
SUFFIXES = (".jpg", ".jpeg", ".png")

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_NEEDED = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_PNG_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}  # by colour type
_JFIF = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
# SOF0..SOF15 without DHT (C4), JPG (C8) and DAC (CC), which share the range (ITU-T T.81, table B.1).
_FRAME_HEADERS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_NEEDED = _FRAME_HEADERS | {0xC4, 0xCC, 0xDB, 0xDC, 0xDD}
_MARKER = re.compile(rb"\xff[\x01-\xfe]")
# Inside a scan, FF00 is a stuffed FF and FFD0..FFD7 are restart markers; anything else ends the scan.
_SCAN_END = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")


class _Malformed(ValueError):
    """The bytes are not a whole JPEG or PNG."""


def decode(source: bytes | Path | str, name: str | None = None) -> np.ndarray:
    """Decode an 8-bit JPEG or PNG of the common form.

    Any EXIF orientation is ignored and transparency is dropped: the common form is upright and opaque.

    Parameters
    ----------
    source
        The encoded bytes, or the path of the file.
    name
        What error messages call the image; by default the path.

    Returns
    -------
    np.ndarray
        (height, width, 3) uint8 RGB, contiguous.

    Raises
    ------
    UserError
        If the file is missing, not a whole JPEG or PNG, or larger than :data:`MAX_PIXELS`.
    """
    data, name = _read(source, name)
    try:
        width, height = _size(data)
    except _Malformed as error:
        raise _unreadable(name, error) from None
    if not 0 < width * height <= MAX_PIXELS:
        raise UserError(
            f"{name} claims {width} x {height} px, and an image may have 1 to {MAX_PIXELS:,} px.",
            "Scale the image down or take it out of the dataset.",
        )
    try:
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:
        raise _unreadable(name, error) from None
    if bgr is None or bgr.shape[:2] != (height, width):
        raise _unreadable(name, "its pixel data cannot be decoded")
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB, dst=bgr)


@dataclass(frozen=True)
class Header:
    """What an image file says of itself: width and height in px, bits a channel, and channels (3 for a palette)."""

    width: int
    height: int
    bits: int
    channels: int


def read_header(data: bytes, name: str = "the image") -> Header:
    """What a JPEG or PNG claims to be, without decoding a pixel.

    Raises
    ------
    UserError
        If the bytes are not a whole JPEG or PNG.
    """
    try:
        width, height = _size(data)
        if data.startswith(_PNG_SIGNATURE):
            bits, kind = data[24], data[25]
            # A palette's indices may be narrower, its colours have 8 bits.
            return Header(width, height, 8 if kind == 3 else bits, _PNG_CHANNELS.get(kind, 0))
        frame = next(segment for marker, segment in _jpeg_segments(data) if marker in _FRAME_HEADERS)
        if len(frame) < 10:
            raise _Malformed("its JPEG frame is cut off")
        return Header(width, height, frame[4], frame[9])
    except _Malformed as error:
        raise _unreadable(name, error) from None


def encode(image: np.ndarray, suffix: str, quality: int = 100) -> bytes:
    """Encode an image without any metadata.

    JPEG without chroma subsampling, by default at quality 100, as Hukkelås & Lindseth (arXiv 2306.05135) store their
    anonymized datasets, so that the codec adds as little as possible to the effect under study.

    Parameters
    ----------
    image
        (height, width, 3) uint8 RGB.
    suffix
        ``.jpg``, ``.jpeg`` or ``.png`` in any case.
    quality
        Of a JPEG, 1 to 100.

    Raises
    ------
    UserError
        For any other suffix.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"expected (height, width, 3) uint8, got {image.shape} {image.dtype}")
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    if suffix.lower() in (".jpg", ".jpeg"):
        flags = [
            cv2.IMWRITE_JPEG_QUALITY,
            quality,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
        ]
        return cv2.imencode(".jpg", bgr, flags)[1].tobytes()
    if suffix.lower() == ".png":
        return cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
    raise UserError(f"Images with the suffix {suffix!r} cannot be written.", "Use .jpg, .jpeg or .png.")


def changed(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Where two images differ: (height, width) uint8, 255 or 0, of (height, width, 3) uint8."""
    first, second, third = cv2.split(cv2.absdiff(before, after))
    return cv2.threshold(first | second | third, 0, 255, cv2.THRESH_BINARY)[1]


def strip_metadata(data: bytes, name: str = "the image") -> bytes:
    """Remove everything from a JPEG or PNG that its pixels do not need; the coded pixel data stay byte for byte.

    From a JPEG go every APPn segment (EXIF, XMP, ICC profiles, thumbnails), comments, and whatever follows the end of
    the image. Adobe's APP14 stays, since it says which colour transform to undo, and a JFIF header is replaced by the
    plainest one, without density and thumbnail. From a PNG go all chunks but IHDR, PLTE, tRNS, IDAT and IEND. Colour
    profiles go too: nothing in the pipeline applies them. Stripping twice changes nothing more.

    Raises
    ------
    UserError
        If the bytes are not a whole, well-formed JPEG or PNG.
    """
    try:
        if data.startswith(_PNG_SIGNATURE):
            kept = [chunk for kind, chunk in _png_chunks(data) if kind in _PNG_NEEDED]
            return b"".join([_PNG_SIGNATURE, *kept])
        if data.startswith(b"\xff\xd8"):
            return _strip_jpeg(data)
        raise _Malformed("it is neither a JPEG nor a PNG")
    except _Malformed as error:
        raise _unreadable(name, error) from None


def read_verified(path: Path, sha256: str) -> bytes:
    """The bytes of an image that must have this SHA-256.

    Raises
    ------
    UserError
        If it cannot be read or is another one.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"The image {path} cannot be read ({error.strerror}).",
            MAKE_SPLIT_AGAIN,
        ) from None
    if sha256_of(data) != sha256:
        raise UserError(
            f"The image {path} is not the one that was annotated: its SHA-256 differs.",
            MAKE_SPLIT_AGAIN,
        )
    return data


def _read(source: bytes | Path | str, name: str | None) -> tuple[bytes, str]:
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source), name or "the image"
    try:
        return Path(source).read_bytes(), name or str(source)
    except OSError as error:
        raise UserError(f"{source} cannot be read ({error.strerror}).", "Check the file, or make it again.") from None


def _unreadable(name: str, reason: object) -> UserError:
    return UserError(f"{name} is not a readable image: {reason}.", "Replace the file or take it out of the dataset.")


def _size(data: bytes) -> tuple[int, int]:
    if data.startswith(_PNG_SIGNATURE):
        # All chunks are walked: libpng fills a truncated image up, and what lost its end is not what was annotated.
        if len([chunk for _, chunk in _png_chunks(data)][0]) < 25:
            raise _Malformed("its PNG header is cut off")
        return struct.unpack(">II", data[16:24])
    if not data.startswith(b"\xff\xd8"):
        raise _Malformed("it is neither a JPEG nor a PNG")
    size = None
    for marker, segment in _jpeg_segments(data):
        if marker in _FRAME_HEADERS:
            height, width = struct.unpack(">HH", segment[5:9]) if len(segment) >= 9 else (0, 0)
            size = width, height
    if size is None:
        raise _Malformed("it holds no JPEG frame")
    return size


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (marker, whole segment) up to the end of image; a scan's coded data belong to its SOS segment.

    Bytes between two segments that are no marker are left out, as every decoder does (jdmarker.c's `next_marker`).
    """
    position = 2
    while True:
        start = position
        found = _MARKER.search(data, position)
        if found is None:
            raise _Malformed(f"a JPEG marker is missing at byte {start}, the file is cut off or damaged")
        marker, position = data[found.end() - 1], found.end()
        if marker == 0xD9:
            yield marker, b"\xff\xd9"
            return
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            raise _Malformed(f"an unexpected JPEG marker {marker:02X} stands at byte {start}")
        length = int.from_bytes(data[position : position + 2], "big")
        end = position + length
        if length < 2 or end > len(data):
            raise _Malformed(f"the JPEG segment at byte {start} is cut off")
        if marker == 0xDA:
            match = _SCAN_END.search(data, end)
            if match is None:
                raise _Malformed("its end is missing")
            end = match.start()
        yield marker, bytes((0xFF, marker)) + data[position:end]
        position = end


def _strip_jpeg(data: bytes) -> bytes:
    kept, has_jfif, has_adobe = [], False, False
    for marker, segment in _jpeg_segments(data):
        if marker in _JPEG_NEEDED or marker in (0xDA, 0xD9):
            kept.append(segment)
        elif marker == 0xE0 and segment[4:9] == b"JFIF\x00":
            has_jfif = True
        elif marker == 0xEE and segment[4:9] == b"Adobe" and len(segment) >= 16 and not has_adobe:
            # Only the twelve bytes that the Adobe note defines; a longer segment could carry anything.
            has_adobe = True
            kept.append(b"\xff\xee\x00\x0e" + segment[4:16])
    if not any(segment[1] in _FRAME_HEADERS for segment in kept) or not any(segment[1] == 0xDA for segment in kept):
        raise _Malformed("it holds no JPEG frame or no scan")
    return b"".join([b"\xff\xd8", _JFIF if has_jfif else b"", *kept])


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (type, whole chunk) up to and including IEND, checksums verified."""
    position, kind = len(_PNG_SIGNATURE), b""
    while kind != b"IEND":
        length, kind = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8]
        end = position + 12 + length
        if len(kind) < 4 or end > len(data):
            raise _Malformed("it is cut off")
        if position == 8 and kind != b"IHDR":
            raise _Malformed("its PNG header is missing")
        # An upper-case first letter marks a chunk without which the pixels cannot be decoded (PNG specification, 5.4).
        if kind[:1].isupper() and kind not in _PNG_NEEDED:
            raise _Malformed(f"it needs the unknown PNG chunk {kind!r}")
        if zlib.crc32(data[position + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            raise _Malformed(f"the checksum of its PNG chunk {kind.decode('latin1')} is wrong")
        yield kind, data[position:end]
        position = end
