"""Image files: decoding, encoding without metadata and chroma subsampling, and lossless stripping."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from anonbench.common.errors import UserError
from anonbench.common.images import Header, decode, encode, read_header, strip_metadata

SECRET = b"owner of this camera"


def photo(height: int = 40, width: int = 56) -> np.ndarray:
    small = np.random.default_rng(1).integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def jpeg_with_metadata(**options: object) -> bytes:
    """EXIF with a thumbnail, ICC profile, comment, JFIF with a thumbnail, and bytes after the end."""
    exif = Image.Exif()
    exif[0x013B] = SECRET.decode()
    thumbnail = io.BytesIO()
    Image.fromarray(photo(16, 16)).save(thumbnail, "JPEG", comment=SECRET)
    out = io.BytesIO()
    Image.fromarray(photo()).save(
        out, "JPEG", exif=exif.tobytes() + thumbnail.getvalue(), comment=SECRET, icc_profile=SECRET * 9, **options
    )
    data = out.getvalue()
    jfif = b"JFIF\x00\x01\x02\x01\x00\x48\x00\x48\x02\x02" + SECRET[:12]
    xmp = b"http://ns.adobe.com/xap/1.0/\x00" + SECRET
    head = b"\xff\xe0" + struct.pack(">H", len(jfif) + 2) + jfif + b"\xff\xe1" + struct.pack(">H", len(xmp) + 2) + xmp
    assert data.count(SECRET) >= 3
    return b"\xff\xd8" + head + data[2:] + SECRET


def png_with_metadata(mode: str = "RGB") -> bytes:
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", SECRET.decode())
    text.add_itxt("Comment", SECRET.decode())
    text.add(b"tIME", b"\x07\xe6\x01\x01\x01\x01\x01", after_idat=True)
    exif = Image.Exif()
    exif[0x013B] = SECRET.decode()
    out = io.BytesIO()
    Image.fromarray(photo()).convert(mode).save(out, "PNG", pnginfo=text, exif=exif, icc_profile=SECRET, dpi=(72, 72))
    data = out.getvalue()
    for kind in (b"tEXt", b"iTXt", b"eXIf", b"tIME", b"iCCP", b"pHYs"):
        assert kind in data
    return data + SECRET


def pillow(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0, "restart_marker_blocks": 1}])
def test_jpeg_is_stripped_without_loss(options: dict[str, object]) -> None:
    data = jpeg_with_metadata(**options)
    clean = strip_metadata(data)
    assert SECRET[:12] not in clean and b"Exif" not in clean and b"http" not in clean
    assert clean.count(b"\xff\xd8") == 1 and clean.endswith(b"\xff\xd9")
    assert (pillow(clean) == pillow(data)).all()
    assert data[data.rindex(b"\xff\xda") : data.rindex(b"\xff\xd9")] in clean
    assert strip_metadata(clean) == clean
    opened = Image.open(io.BytesIO(clean))
    assert not opened.getexif() and not {"icc_profile", "comment", "exif", "dpi"} & set(opened.info)


def test_adobe_marker_stays_since_decoding_needs_it() -> None:
    out = io.BytesIO()
    Image.fromarray(photo()).save(out, "JPEG", keep_rgb=True)
    cmyk = io.BytesIO()
    Image.fromarray(photo()).convert("CMYK").save(cmyk, "JPEG")
    for data in (out.getvalue(), cmyk.getvalue()):
        assert b"Adobe" in data
        padded = data.replace(b"\xff\xee\x00\x0eAdobe", b"\xff\xee\x00\x22Adobe").replace(
            data[data.index(b"Adobe") + 5 : data.index(b"Adobe") + 12],
            data[data.index(b"Adobe") + 5 : data.index(b"Adobe") + 12] + SECRET,
            1,
        )
        assert SECRET in padded
        clean = strip_metadata(padded)
        assert SECRET not in clean and (pillow(clean) == pillow(data)).all()


@pytest.mark.parametrize("junk", [b"\x00", SECRET, SECRET + b"\xff\x00" + SECRET, b"\xff\xff\xff"])
@pytest.mark.parametrize("before", [b"\xff\xdb", b"\xff\xc0", b"\xff\xda"])
def test_junk_before_a_marker_is_left_out_as_decoders_do(junk: bytes, before: bytes) -> None:
    data = encode(photo(), ".jpg")
    place = data.index(before)
    spoilt = data[:place] + junk + data[place:]
    assert (decode(spoilt) == decode(data)).all() and (pillow(spoilt) == pillow(data)).all()
    assert strip_metadata(spoilt) == strip_metadata(data)
    assert read_header(spoilt) == read_header(data)


@pytest.mark.parametrize("mode", ["RGB", "P", "L", "RGBA"])
def test_png_is_stripped_without_loss(mode: str) -> None:
    data = png_with_metadata(mode)
    clean = strip_metadata(data)
    kinds = set()
    position = 8
    while position < len(clean):
        kinds.add(clean[position + 4 : position + 8])
        position += 12 + int.from_bytes(clean[position : position + 4], "big")
    assert kinds <= {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"} and SECRET not in clean
    assert (pillow(clean) == pillow(data)).all() and strip_metadata(clean) == clean


@pytest.mark.parametrize("suffix", [".jpg", ".JPEG", ".png"])
def test_encoding_adds_no_metadata(suffix: str) -> None:
    data = encode(photo(), suffix)
    assert strip_metadata(data) == data


def test_jpeg_is_stored_at_full_chroma_and_quality() -> None:
    data = encode(photo(), ".jpg")
    start = data.index(b"\xff\xc0")
    assert data[start + 9] == 3
    assert [data[start + 11 + 3 * component] for component in range(3)] == [0x11] * 3
    tables = Image.open(io.BytesIO(data)).quantization
    assert all(set(table) == {1} for table in tables.values())
    assert np.abs(decode(data).astype(int) - photo()).max() <= 4


def test_png_round_trip_is_exact() -> None:
    data = encode(photo(), ".png")
    assert data.startswith(b"\x89PNG") and (decode(data) == photo()).all()


def test_unknown_suffix() -> None:
    with pytest.raises(UserError, match="webp"):
        encode(photo(), ".webp")


@pytest.mark.parametrize("data", [jpeg_with_metadata(), png_with_metadata()])
def test_decoded_as_pillow_decodes(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "image"
    file.write_bytes(data)
    assert (decode(data) == pillow(data)).all()
    assert (decode(file) == pillow(data)).all()


def test_orientation_is_not_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    Image.fromarray(photo()).save(out, "JPEG", exif=exif)
    assert decode(out.getvalue()).shape == (40, 56, 3)


def bomb() -> bytes:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = b""
    for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")):
        chunks += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return b"\x89PNG\r\n\x1a\n" + chunks


def test_size_is_bounded_before_anything_is_decoded() -> None:
    with pytest.raises(UserError, match="60000 x 60000"):
        decode(bomb(), "holiday.png")


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_every_truncation_is_refused(suffix: str) -> None:
    data = encode(photo(), suffix)
    for end in [*range(0, 40), *range(40, len(data) - 1, 97), len(data) - 1]:
        with pytest.raises(UserError, match="party"):
            decode(data[:end], "party")
        with pytest.raises(UserError, match="party"):
            strip_metadata(data[:end], "party")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere.png"):
        decode(tmp_path / "nowhere.png")


@given(st.sampled_from([".jpg", ".png"]), st.integers(0, 10**6), st.binary(min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
def test_damage_never_ends_in_another_error(suffix: str, where: int, junk: bytes) -> None:
    data = bytearray(encode(photo(), suffix))
    where %= len(data)
    data[where : where + len(junk)] = junk
    for function in (decode, strip_metadata):
        try:
            function(bytes(data))
        except UserError:
            pass


@pytest.mark.parametrize(
    ("mode", "suffix", "bits", "channels"),
    [
        ("RGB", "PNG", 8, 3),
        ("L", "PNG", 8, 1),
        ("P", "PNG", 8, 3),
        ("RGBA", "PNG", 8, 4),
        ("LA", "PNG", 8, 2),
        ("I;16", "PNG", 16, 1),
        ("1", "PNG", 1, 1),
        ("RGB", "JPEG", 8, 3),
        ("L", "JPEG", 8, 1),
        ("CMYK", "JPEG", 8, 4),
    ],
)
def test_header_says_what_an_image_is(mode: str, suffix: str, bits: int, channels: int) -> None:
    out = io.BytesIO()
    Image.new(mode, (56, 40)).save(out, suffix)
    assert read_header(out.getvalue()) == Header(56, 40, bits, channels)


def test_header_of_a_bomb_is_read_and_of_junk_refused() -> None:
    assert read_header(bomb()).width == 60_000
    with pytest.raises(UserError, match="party"):
        read_header(b"\xff\xd8junk", "party")
