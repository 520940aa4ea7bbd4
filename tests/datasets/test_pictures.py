"""Single images on their way into the common form."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps, PngImagePlugin

from anonbench.common.errors import UserError
from anonbench.datasets.pictures import Stored, look, normalise

ORIENTATION = 0x0112


@pytest.fixture
def pixels() -> np.ndarray:
    """(40, 60, 3) uint8 RGB, smooth and without any symmetry."""
    small = np.random.default_rng(3).integers(0, 256, (3, 4, 3), dtype=np.uint8)
    return cv2.resize(small, (60, 40), interpolation=cv2.INTER_LINEAR)


def file(image: np.ndarray | Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(buffer, kind, **options)
    return buffer.getvalue()


def oriented(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif


def read(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        assert not image.getexif()
        return np.asarray(image)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_every_orientation_is_shown_as_viewers_show_it(pixels, orientation, kind):
    data = file(pixels, kind, exif=oriented(orientation), **({"lossless": True} if kind == "WEBP" else {}))
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    picture = normalise(data, {"PNG": "a.png", "JPEG": "a.jpg", "WEBP": "a.webp"}[kind])
    assert (picture.height, picture.width) == expected.shape[:2]
    assert np.abs(read(picture.data).astype(int) - expected).max() <= (6 if kind == "JPEG" and orientation > 1 else 0)
    assert ("rotated" in picture.changes) == (orientation > 1)


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_declared_size_decides_between_stored_and_displayed(pixels, orientation):
    data = file(pixels, "PNG", exif=oriented(orientation))
    stored = normalise(data, "a.png", (60, 40))
    assert np.array_equal(read(stored.data), pixels) and stored.changes == ("kept_as_stored",)
    displayed = normalise(data, "a.png", (40, 60))
    assert (displayed.width, displayed.height) == (40, 60) and displayed.changes == ("rotated",)
    with pytest.raises(UserError, match=r"a\.png is 40 x 60 or 60 x 40 px, but its annotations say 60 x 41 px"):
        normalise(data, "a.png", (60, 41))


@pytest.mark.parametrize("declared", [(60, 40), (40, 60), None])
def test_whoever_knows_says_whether_it_is_turned(pixels, declared):
    data = file(pixels, "PNG", exif=oriented(6))
    assert np.array_equal(read(normalise(data, "a.png", declared, turn=False).data), pixels)
    turned = normalise(data, "a.png", declared, turn=True)
    assert np.array_equal(read(turned.data), np.rot90(pixels, -1)) and turned.changes == ("rotated",)
    with pytest.raises(UserError, match="60 x 41 px"):
        normalise(data, "a.png", (60, 41), turn=True)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF"])
def test_an_orientation_in_xmp_alone_counts_for_nothing(pixels, kind):
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", xmp.decode())
    options = {"pnginfo": text} if kind == "PNG" else {"xmp": xmp}
    for exif in ({}, {"exif": Image.Exif()}):
        data = file(pixels, kind, **options, **exif)
        assert Image.open(io.BytesIO(data)).getexif().get(ORIENTATION) == 6  # as Pillow sees it
        picture = normalise(data, f"a.{kind.lower()}")
        assert (picture.width, picture.height) == (60, 40) and "rotated" not in picture.changes


def moved_to_the_end(png: bytes, kind: bytes) -> bytes:
    """The PNG with a chunk behind its pixels."""
    start, end = png.index(kind) - 4, png.index(b"IEND") - 4
    chunk = png[start : start + 12 + int.from_bytes(png[start : start + 4], "big")]
    return png[:start] + png[start + len(chunk) : end] + chunk + png[end:]


def test_behind_the_pixels_exif_counts_and_xmp_does_not(pixels):
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", '<rdf:Description tiff:Orientation="6"/>')
    picture = normalise(moved_to_the_end(file(pixels, "PNG", pnginfo=text), b"iTXt"), "a.png")
    assert (picture.width, picture.height) == (60, 40)
    picture = normalise(moved_to_the_end(file(pixels, "PNG", exif=oriented(6)), b"eXIf"), "a.png")
    assert (picture.width, picture.height) == (40, 60)


def test_a_look_at_a_file_tells_its_size_and_orientation(pixels, tmp_path):
    for kind, orientation in (("PNG", 6), ("JPEG", 3), ("WEBP", 8), ("AVIF", 5), ("PNG", 1), ("JPEG", 1), ("BMP", 1)):
        exif = {} if kind == "BMP" else {"exif": oriented(orientation)}
        (tmp_path / "a").write_bytes(file(pixels, kind, **exif))
        displayed = (40, 60) if orientation > 4 else (60, 40)
        assert look(tmp_path / "a") == Stored((60, 40), displayed, orientation), kind
    (tmp_path / "a").write_bytes(moved_to_the_end(file(pixels, "PNG", exif=oriented(6)), b"eXIf"))
    assert look(tmp_path / "a").orientation == 6  # after the pixels
    (tmp_path / "a").write_bytes(b"no image")
    assert look(tmp_path / "a") is None and look(tmp_path / "nowhere") is None


@pytest.mark.parametrize("name", ["a.heic", "a.jpg", "a.png"])
def test_heic_is_read_whatever_its_name_says(name):
    data = (Path(__file__).parents[1] / "fixtures" / "rectangle.heic").read_bytes()
    picture = normalise(data, name, (64, 48))
    assert picture.file_name == (name if name == "a.png" else f"{name}.png") and "converted" in picture.changes
    found = read(picture.data).astype(int)
    assert found.shape == (48, 64, 3)
    # A red rectangle at (20..35, 10..30) on a ramp of red along x and green along y.
    assert np.abs(found[12:28, 22:33] - (230, 30, 40)).mean() < 12
    assert np.abs(found[40, :, 0] - 4 * np.arange(64)).mean() < 12
    with pytest.raises(UserError, match="64 x 48 px"):
        normalise(data, name, (48, 64))


@pytest.mark.parametrize("name", ["a.avif", "a.jpg"])
def test_avif_is_read_whatever_its_name_says(pixels, name):
    picture = normalise(file(pixels, "AVIF", quality=100, subsampling="4:4:4"), name, (60, 40))
    assert picture.file_name == f"{name}.png" and np.abs(read(picture.data).astype(int) - pixels).max() <= 6


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "empty"),
        (bytes(2000), "full of zeros"),
        (b"<!DOCTYPE html><html><body>404", r"a web page \(HTML\)"),
        (b"\xef\xbb\xbf\n <HTML>", r"a web page \(HTML\)"),
        (b'<?xml version="1.0"?><svg width="5">', "an SVG"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied", "XML"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "a Git LFS pointer"),
        (b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2", r"a video \(MP4 or QuickTime\)"),
        (b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  ", "a video"),
        (b"\x1aE\xdf\xa3\x93B\x82\x88matroska", "a video"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", r"a video \(AVI\)"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(99), "a HEIC that is cut off"),
        (b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00mif1avif" + bytes(99), "an AVIF that is cut off"),
        (b"GIF89a" + bytes(50), "a GIF"),
        (b"%PDF-1.7", "a PDF"),
        (b"\xff\xd8\xff", "a JPEG that is cut off"),
        (b"This is a note: Stra\xc3\x9fe.\n", "a text"),
        (b"ab\xff\xfe\x00\x01" * 9, "none of JPEG, PNG, WebP, BMP, TIFF, HEIC and AVIF"),
    ],
)
def test_what_is_no_image_is_told(data, kind):
    with pytest.raises(UserError, match=rf"^a\.jpg is not a readable image: it is {kind}") as caught:
        normalise(data, "a.jpg")
    assert "BytesIO" not in str(caught.value)


def test_ambiguous_sizes_are_displayed(pixels):
    turned = normalise(file(pixels, "PNG", exif=oriented(3)), "a.png", (60, 40))
    assert np.array_equal(read(turned.data), pixels[::-1, ::-1])


def test_damaged_exif_does_not_matter(pixels):
    data = file(pixels, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff rubbish")
    assert normalise(data, "a.jpg").changes == ()


@pytest.mark.parametrize(
    ("kind", "name", "written", "changes"),
    [
        ("JPEG", "a b/c.JPG", "a b/c.JPG", ()),
        ("PNG", "c.Png", "c.Png", ()),
        ("JPEG", "c.jfif", "c.jfif.jpg", ("renamed",)),
        ("JPEG", "c", "c.jpg", ("renamed",)),
        ("PNG", "c.jpg", "c.jpg.png", ("renamed",)),
        ("JPEG", "c.png", "c.png", ()),
        ("BMP", "c.bmp", "c.bmp.png", ("renamed", "converted")),
        ("WEBP", "c.jpg", "c.jpg.png", ("renamed", "converted")),
    ],
)
def test_names_tell_the_truth_about_the_file(pixels, kind, name, written, changes):
    picture = normalise(file(pixels, kind), name)
    assert (picture.file_name, picture.changes) == (written, changes)
    with Image.open(io.BytesIO(picture.data)) as image:
        assert image.format == ("PNG" if written.lower().endswith(".png") else "JPEG")


def test_transparency_is_dropped_without_compositing(pixels):
    rgba = np.dstack([pixels, np.zeros((40, 60), np.uint8)])
    assert np.array_equal(read(normalise(file(rgba, "PNG"), "a.png").data), pixels)
    keyed = file(pixels, "PNG", transparency=tuple(int(v) for v in pixels[0, 0]))
    picture = normalise(keyed, "a.png")
    assert np.array_equal(read(picture.data), pixels) and b"tRNS" not in picture.data


def test_second_pictures_go(pixels):
    frames = {"save_all": True, "append_images": [Image.fromarray(255 - pixels)]}
    for kind, name in (("MPO", "a.jpg"), ("PNG", "a.png")):
        picture = normalise(file(pixels, kind, **frames), name)
        with Image.open(io.BytesIO(picture.data)) as image:
            assert getattr(image, "n_frames", 1) == 1
        assert len(picture.data) <= len(file(pixels, "JPEG" if kind == "MPO" else "PNG")) + 4000


def test_unsupported_pixels_are_refused():
    floats = Image.fromarray(np.full((4, 5), 0.5, np.float32))
    with pytest.raises(UserError, match=r"a\.tif is not a readable image.*8-bit"):
        normalise(file(floats, "TIFF"), "a.tif")
    with pytest.raises(UserError, match=r"a\.gif is not a readable image"):
        normalise(file(Image.new("P", (4, 5)), "GIF"), "a.gif")


def test_arrays_are_encoded_by_their_suffix(pixels):
    picture = normalise(pixels, "scene.png", (60, 40))
    assert np.array_equal(read(picture.data), pixels) and picture.changes == ()
    with pytest.raises(UserError, match="60 x 40"):
        normalise(pixels, "scene.png", (40, 60))
