"""What the annotations fit decides whether an image with an EXIF orientation is turned; else the user does."""

import pytest
from PIL import Image

from anonbench.common.errors import UserError
from tests.helpers.own_coco import HEIGHT, PEOPLE, WIDTH, Own, listed, person, photo

BOTH = [20, 8, 60, 70]  # inside 160 x 120 and 120 x 160 px
WIDE, HIGH = [100, 8, 50, 70], [20, 90, 60, 65]  # inside the one, and the other
STORED, DISPLAYED = {}, {"width": HEIGHT, "height": WIDTH}
UNKNOWN = {"width": ..., "height": ...}
TURNED = (HEIGHT, WIDTH)
TOLD = "have an EXIF orientation, and neither"


def own(tmp_path, *images):
    """A split of images, each an orientation, a declared size and boxes; sizes are stored as 160 x 120 px."""
    files = {f"{n}.jpg": photo("JPEG", orientation=image[0]) for n, image in enumerate(images, 1)}
    records = [listed(n, f"{n}.jpg", **image[1]) for n, image in enumerate(images, 1)]
    boxes = [(n, box) for n, image in enumerate(images, 1) for box in image[2:]]
    return Own(tmp_path, [person(n, bbox=box, segmentation=[]) for n, box in boxes], files, records)


def sizes(content):
    return [(image["width"], image["height"]) for image in content["images"]]


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
@pytest.mark.parametrize("declared", [STORED, DISPLAYED, UNKNOWN])
@pytest.mark.parametrize(("box", "size"), [(WIDE, (WIDTH, HEIGHT)), (HIGH, TURNED)])
def test_the_boxes_decide_whatever_size_is_declared(tmp_path, orientation, declared, box, size):
    assert sizes(own(tmp_path, (orientation, declared, BOTH, box)).convert()) == [size]


def test_the_boxes_of_most_decide(tmp_path):
    assert sizes(own(tmp_path, (6, STORED, WIDE, HIGH, HIGH)).convert()) == [TURNED]


def test_boxes_that_disagree_decide_nothing(tmp_path):
    assert sizes(own(tmp_path / "a", (6, DISPLAYED, WIDE, HIGH)).convert()) == [TURNED]
    with pytest.raises(UserError, match=TOLD):
        own(tmp_path / "b", (6, STORED, WIDE, HIGH)).convert()


def test_a_little_past_the_edge_is_inside(tmp_path):
    with pytest.raises(UserError, match=TOLD):
        own(tmp_path, (6, STORED, [20, 8, 102, 70])).convert()
    assert sizes(own(tmp_path, (6, STORED, [20, 8, 104, 70])).convert()) == [(WIDTH, HEIGHT)]


@pytest.mark.parametrize("extra", [{"segmentation": [[20, 8, 80, 8, 80, 150]]}, {"keypoints": [20, 8, 2, 80, 150, 1]}])
def test_polygons_and_keypoints_decide_as_well(tmp_path, extra):
    categories = [PEOPLE | {"keypoints": ["nose", "neck"]}]
    annotations = [person(1, bbox=BOTH, segmentation=[], keypoints=[30, 9, 2, 30, 20, 2]) | extra]
    split = Own(tmp_path, annotations, {"1.jpg": photo("JPEG", orientation=6)}, categories=categories)
    assert sizes(split.convert(sigmas=[0.1, 0.1])) == [TURNED]


@pytest.mark.parametrize(("size", "reading"), [([120, 160], (WIDTH, HEIGHT)), ([160, 120], TURNED)])
def test_the_size_of_masks_decides(tmp_path, size, reading):
    mask = {"size": size, "counts": [2000, 50, 120 * 160 - 2050]}
    split = Own(tmp_path, [person(1, bbox=[0, 0, 0, 0], segmentation=mask)], {"1.jpg": photo("JPEG", orientation=8)})
    assert sizes(split.convert()) == [reading]


def test_the_declared_size_of_the_display_decides_and_the_stored_one_does_not(tmp_path):
    assert sizes(own(tmp_path, (6, DISPLAYED, BOTH)).convert()) == [TURNED]
    for declared in (STORED, UNKNOWN):
        with pytest.raises(UserError, match=rf"labels.json: 1 image\(s\) {TOLD}.*'1.jpg' \(orientation 6\)"):
            own(tmp_path, (6, declared, BOTH)).convert()


@pytest.mark.parametrize("orientation", [2, 3, 4])
@pytest.mark.parametrize("declared", [STORED, UNKNOWN])
def test_half_turns_and_mirrors_decide_nothing(tmp_path, orientation, declared):
    with pytest.raises(UserError, match=rf"1 image\(s\) {TOLD}.*\(orientation {orientation}\)"):
        own(tmp_path, (orientation, declared, BOTH)).convert()


def test_square_images_decide_nothing(tmp_path):
    files = {"1.jpg": photo("JPEG", (120, 120), 6)}
    with pytest.raises(UserError, match=TOLD):
        Own(tmp_path, [person(1, bbox=BOTH)], files, [listed(1, "1.jpg", width=120)]).convert()


@pytest.mark.parametrize(("box", "size"), [(WIDE, (WIDTH, HEIGHT)), (HIGH, TURNED)])
def test_those_that_cannot_be_told_follow_the_others(tmp_path, box, size):
    split = own(tmp_path, (6, STORED, BOTH), (3, STORED, BOTH), (8, STORED, box))
    content = split.convert()
    assert sizes(content) == [size, (WIDTH, HEIGHT), size]
    turned = size == TURNED
    assert content["info"].get("images_rotated", 0) == 3 * turned
    assert content["info"].get("images_kept_as_stored", 0) == 3 * (not turned)


def test_others_that_disagree_decide_nothing(tmp_path):
    split = own(tmp_path, (6, STORED, WIDE), (6, STORED, HIGH), (3, STORED, BOTH))
    with pytest.raises(UserError, match=rf"1 image\(s\) {TOLD}.*'3.jpg'"):
        split.convert()
    assert sizes(split.convert(orientation="stored")) == [(WIDTH, HEIGHT), TURNED, (WIDTH, HEIGHT)]


@pytest.mark.parametrize(("asked", "size"), [("stored", (WIDTH, HEIGHT)), ("displayed", TURNED)])
def test_the_user_decides_the_rest(tmp_path, asked, size):
    content = own(tmp_path, (6, STORED, BOTH), (3, UNKNOWN, BOTH), (1, STORED, BOTH)).convert(orientation=asked)
    assert sizes(content) == [size, (WIDTH, HEIGHT), (WIDTH, HEIGHT)]
    folder = tmp_path / "out" / "train"
    left, right = (Image.open(folder / "2.jpg").getpixel((x, 60))[0] for x in (10, 150))
    assert (left < right) == (asked == "stored")


def test_images_of_nobody_are_not_asked_for(tmp_path):
    content = own(tmp_path, (6, STORED), (6, DISPLAYED), (3, STORED), (1, STORED, BOTH)).convert()
    assert sizes(content) == [(WIDTH, HEIGHT), TURNED, (WIDTH, HEIGHT), (WIDTH, HEIGHT)]


def test_images_of_nobody_alone_are_not_asked_for_either(tmp_path):
    content = own(tmp_path, (6, UNKNOWN), (6, STORED), (3, STORED), (1, STORED, BOTH)).convert()
    assert sizes(content) == [TURNED, (WIDTH, HEIGHT), (WIDTH, HEIGHT), (WIDTH, HEIGHT)]


def test_turned_images_are_plausible(tmp_path):
    """Boxes of the displayed image, of which the declared size is the stored one, are no larger resolution."""
    assert sizes(own(tmp_path, *[(6, STORED, HIGH)] * 9).convert()) == [TURNED] * 9


def test_an_orientation_in_xmp_alone_counts_for_nothing(tmp_path):
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    files = {"1.jpg": photo("JPEG", xmp=xmp), "2.webp": photo("WEBP", xmp=xmp, lossless=True)}
    content = Own(tmp_path, [person(1), person(2)], files).convert()
    assert sizes(content) == [(WIDTH, HEIGHT)] * 2 and "images_rotated" not in content["info"]
