"""Images and labels that a method leaves out: what its variant says, and that nothing shows them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from anonbench.anonymize.frame import anonymize
from anonbench.common.errors import UserError
from anonbench.config.plugins import METHODS
from anonbench.regions.region import Region, anywhere
from tests.helpers.split import write_split
from tests.helpers.variants import Making, recipe

SOMEBODY = Region(np.array([20.0, 10, 40, 30]), annotation_id=7)
BEHIND = Region(np.array([30.0, 10, 50, 30]), annotation_id=3)
STRANGER = Region(np.array([2.0, 2, 9, 9]), source="detected")
OUT_OF_SIGHT = Region(np.array([900.0, 900, 990, 990]), source="detected", annotation_id=11)
PEOPLE = {
    "two.png": [SOMEBODY, BEHIND],
    "nobody.png": [],
    "stranger.png": [STRANGER],
    "lost.png": [anywhere(5)],
    "outside.jpg": [OUT_OF_SIGHT],
}
PIXELS = np.random.default_rng(0).integers(1, 256, (len(PEOPLE), 40, 60, 3), dtype=np.uint8)


@pytest.fixture
def making(tmp_path: Path) -> Making:
    people = [(name, pixels, PEOPLE[name]) for name, pixels in zip(PEOPLE, PIXELS, strict=True)]
    return Making(**write_split(tmp_path, people), root=tmp_path / "out")


@pytest.mark.parametrize("workers", [1, 2])
def test_images_with_a_region_are_left_out_and_no_reader_shows_them(making: Making, workers: int) -> None:
    manifest = making.make(recipe("drop_images"), workers=workers)
    left_out = [name for name, regions in PEOPLE.items() if regions]
    assert [one["file_name"] for one in manifest["images"] if one.get("dropped", {}).get("image")] == left_out
    assert [one["regions"] for one in manifest["images"]] == [2, 0, 1, 1, 1]
    assert manifest["counts"] == {"images": 5, "unchanged": 1}
    audit = manifest["audit"]
    assert (audit["images_left_out"], audit["labels_removed"], audit["changed"], audit["left"]) == (4, 0, 0, 0)
    assert audit["masked_out"] == {} and audit["shares"] == []
    images = making.images()
    assert images.names == ["nobody.png"] and (images.read("nobody.png") == PIXELS[1]).all()
    for name in left_out:
        with pytest.raises(UserError, match=f"leaves out the image '{name}', which nothing may show"):
            images.read(name)
    assert [path.name for path in making.export().iterdir()] == ["nobody.png"]


@pytest.mark.parametrize("workers", [1, 2])
def test_people_are_hidden_as_mask_out_hides_them_and_lose_their_labels(making: Making, workers: int) -> None:
    hidden = making.make(recipe("mask_out", grow=0.1))
    pixels = making.pixels()
    assert "dropped" not in str(hidden)
    manifest = making.make(recipe("drop_labels", grow=0.1), workers=workers)
    removed = {one["file_name"]: one["dropped"] for one in manifest["images"] if "dropped" in one}
    assert removed == {
        "two.png": {"image": False, "labels": [3, 7]},
        "lost.png": {"image": False, "labels": [5]},
        "outside.jpg": {"image": False, "labels": [11]},
    }
    audit, without = dict(manifest["audit"]), dict(hidden["audit"])
    assert (audit.pop("labels_removed"), without.pop("labels_removed")) == (4, 0)
    assert audit == without and audit["changed"] == 3 and audit["masked_out"] == {"not_located": 1}
    assert making.pixels() == pixels


def test_whoever_asks_to_anonymize_by_leaving_out_gets_people_filled_black() -> None:
    result = anonymize(METHODS.create("drop_images", {}), PIXELS[0], [SOMEBODY])
    assert not result.image[10:30, 20:40].any() and result.fallbacks == {"left_out": 1} and not result.left
