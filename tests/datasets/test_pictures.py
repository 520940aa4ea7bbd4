"""Single images on their way into the common form."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from anonbench.common.errors import UserError
from anonbench.datasets.pictures import normalise

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
