"""The people of a split, cut out of its images before and after."""

import numpy as np
import pytest

from anonbench.attacks.people import BLANK, GREY, Album, Pairs, Photograph
from anonbench.attacks.reading import check_disjoint, read_pairs
from anonbench.common.errors import UserError
from anonbench.common.files import sha256_file, write_bytes, write_json
from anonbench.common.images import encode
from anonbench.common.records import write_record
from anonbench.regions.files import ImageRegions, RegionFile, encode_region
from anonbench.regions.region import Region
from anonbench.variants.entry import Entry
from anonbench.variants.manifest import Manifest, counted, write_manifest
from anonbench.variants.variant_images import VariantFiles

WIDTH, HEIGHT = 60, 40
BOXES = [(5, 5, 25, 35), (40, 10, 44, 14)]  # xyxy; the second is 4 px large


@pytest.fixture
def split(tmp_path):
    """One image of two people, of whom one is too small, and somebody without an identity."""
    rng = np.random.default_rng(0)
    image = rng.integers(1, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    write_bytes(tmp_path / "images" / "a.png", encode(image, ".png"))
    digest = sha256_file(tmp_path / "images" / "a.png")
    annotations = [{"id": 1, "identity": 7, "outfit": 2, "attributes": {"hat": "cap"}}, {"id": 2, "identity": 8}]
    write_json(tmp_path / "a.json", {"annotations": [*annotations, {"id": 3}]})
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[10:30, 8:20] = True
    regions = [Region(np.array(BOXES[0], float), mask, annotation_id=1)]
    regions += [Region(np.array(BOXES[1], float), annotation_id=2), Region(np.array(BOXES[0], float), annotation_id=3)]
    found = ImageRegions(
        image_id=1, file_name="a.png", width=WIDTH, height=HEIGHT, regions=[encode_region(one) for one in regions]
    )
    write_record(tmp_path / "r.json", RegionFile(dataset="d", split="val", region="face", images=[found]))
    entry = Entry(file_name="a.png", sha256=digest)
    write_manifest(
        tmp_path / "m.json",
        Manifest(dataset="d", split="val", variant="original", images=[entry], counts=counted([entry])),
    )
    files = VariantFiles(manifest=tmp_path / "m.json", originals=tmp_path / "images")
    return tmp_path, files, image, mask


def test_only_people_with_an_identity_and_a_region_that_is_large_enough_are_read(split):
    folder, files, _, _ = split
    pairs = read_pairs(folder / "a.json", folder / "r.json", files, None)
    (person,) = pairs.clear
    assert (person.identity, person.outfit, person.attributes) == (7, 2, {"hat": "cap"})
    assert (person.file_name, person.annotation_id) == ("a.png", 1)
    assert np.array_equal(pairs.shown[0].image, person.image)


def test_the_attacker_sees_the_regions_pixels_alone(split):
    folder, files, image, mask = split
    (person,) = read_pairs(folder / "a.json", folder / "r.json", files, None).clear
    assert (person.image[~person.mask] == GREY).all()
    assert person.mask.sum() == mask.sum()
    assert np.array_equal(person.image[person.mask], image[mask])


def test_the_surroundings_are_kept_where_they_are_asked_for(split):
    folder, files, image, mask = split
    (person,) = read_pairs(folder / "a.json", folder / "r.json", files, None, surroundings=True).clear
    assert not (person.image[~person.mask] == GREY).all()
    assert np.array_equal(person.image[person.mask], image[mask])


def test_the_control_has_the_outline_alone(split):
    folder, files, _, _ = split
    pairs = read_pairs(folder / "a.json", folder / "r.json", files, None, control=True)
    shown, clear = pairs.shown[0], pairs.clear[0]
    assert (shown.image[shown.mask] == BLANK).all() and (shown.image[~shown.mask] == GREY).all()
    assert not (clear.image[clear.mask] == BLANK).all()


def test_a_dataset_without_identities_cannot_be_attacked(split):
    folder, files, _, _ = split
    write_json(folder / "a.json", {"annotations": [{"id": 1}]})
    with pytest.raises(UserError, match="no person with an identity"):
        read_pairs(folder / "a.json", folder / "r.json", files, None)


def one(identity):
    pixels = np.zeros((4, 4, 3), np.uint8)
    album = Album([Photograph(pixels, np.ones((4, 4), bool), 4.0, identity)], "face")
    return Pairs(album, album)


def test_an_attacker_learns_from_nobody_who_is_attacked():
    check_disjoint(one(1), one(2))
    with pytest.raises(UserError, match="1 identities, such as 1, are in both"):
        check_disjoint(one(1), one(1))
