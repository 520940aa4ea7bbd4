"""A share of people is anonymized: who is drawn, what is left visible, and that it is counted."""

from __future__ import annotations

import numpy as np
import pytest

from anonbench.anonymize.dose import anonymized_part
from anonbench.common.images import decode
from anonbench.regions.files import RegionRecord, encode_region
from anonbench.regions.region import Region, anywhere
from anonbench.variants.audit import Audit
from tests.helpers.split import write_split
from tests.helpers.variants import Making, recipe

SIZE = (60, 40)
BOX = (5.0, 5.0, 9.0, 9.0)


def person(number: int | None) -> RegionRecord:
    return RegionRecord(annotation_id=number, box=BOX)


def drawn(records: list[RegionRecord], share: float, name: str = "a.png", seed: int = 0) -> list[RegionRecord]:
    return anonymized_part(records, name, SIZE, seed, share)


def test_whoever_is_drawn_for_a_share_is_drawn_for_every_larger_one() -> None:
    crowd = [person(number) for number in range(4000)]
    parts = [{one.annotation_id for one in drawn(crowd, share)} for share in (0, 0.1, 0.25, 0.5, 0.9, 1)]
    assert all(less < more for less, more in zip(parts, parts[1:], strict=False))
    assert [len(part) / 4000 for part in parts] == pytest.approx([0, 0.1, 0.25, 0.5, 0.9, 1], abs=0.02)


def test_the_draw_follows_the_person_the_image_and_the_seed_alone() -> None:
    crowd = [person(number) for number in range(200)]
    first = drawn(crowd, 0.5)
    assert drawn(crowd[::-1], 0.5) == first[::-1]
    assert drawn(crowd[50:], 0.5) == [one for one in first if one.annotation_id >= 50]
    for other in (drawn(crowd, 0.5, "b.png"), drawn(crowd, 0.5, seed=1)):
        both = {one.annotation_id for one in other} & {one.annotation_id for one in first}
        assert 25 < len(both) < 75  # a quarter of 200, by chance alone
    assert drawn(crowd, 0.5, "not UTF-8 \udcff") != first


def test_two_regions_of_a_person_share_their_fate_and_strangers_have_their_own() -> None:
    twice = [person(number // 2) for number in range(400)]
    ids = [one.annotation_id for one in drawn(twice, 0.5)]
    assert ids == sorted([*set(ids), *set(ids)]) and 0 < len(ids) < 400
    assert 60 < len(drawn([person(None)] * 200, 0.5)) < 140


@pytest.mark.parametrize(
    "lost",
    [anywhere(7), Region(np.array([900.0, 0, 990, 9])), Region(np.array([np.nan, 0, 1, 1])), Region(np.zeros(4))],
)
def test_an_image_that_is_hidden_stays_hidden(lost: Region) -> None:
    crowd = [*(person(number) for number in range(20)), encode_region(lost)]
    assert drawn(crowd, 0.0) == drawn(crowd, 0.5) == crowd
    out_of_sight = encode_region(Region(np.array([900.0, 0, 990, 9]), source="detected"))
    assert drawn([out_of_sight], 0.0) == []


@pytest.fixture(scope="module")
def making(tmp_path_factory: pytest.TempPathFactory) -> Making:
    """Twelve images of two people and one of nobody knows where."""
    root, rng = tmp_path_factory.mktemp("dose"), np.random.default_rng(0)
    people = []
    for index in range(12):
        regions = [Region(np.array([x, 5.0, x + 14, 35]), annotation_id=2 * index + n) for n, x in enumerate((5, 40))]
        people.append((f"{index}.png", rng.integers(1, 256, (40, 60, 3), dtype=np.uint8), regions))
    people.append(("lost.png", rng.integers(1, 256, (40, 60, 3), dtype=np.uint8), [anywhere(99)]))
    return Making(**write_split(root, people), root=root / "out")


def changed(making: Making) -> list[bool]:
    """Of each person of the twelve images whether all of their pixels have changed; else none has."""
    images, found = making.images(), []
    for index in range(12):
        before, after = decode(making.images_dir / f"{index}.png"), images.read(f"{index}.png")
        for x in (5, 40):
            moved = (before != after).any(-1)[5:35, x : x + 14]
            assert moved.all() or not moved.any()
            found.append(bool(moved.all()))
    return found


def test_whoever_is_not_drawn_keeps_every_pixel_and_is_counted_apart(making: Making) -> None:
    half = recipe("mask_out", grow=0.0).model_copy(update={"share": 0.5})
    audit = Audit.model_validate(making.make(half)["audit"])
    first = changed(making)
    assert 6 <= sum(first) <= 18
    assert (audit.changed, audit.left_on_purpose, audit.left) == (sum(first), 24 - sum(first), 0)
    assert audit.masked_out == {"not_located": 1} and audit.people.regions == 25
    assert not making.images().read("lost.png").any()

    audit = Audit.model_validate(making.make(half.model_copy(update={"share": 0.0}))["audit"])
    assert (audit.changed, audit.left_on_purpose, audit.left) == (0, 24, 0) and not any(changed(making))

    more = recipe("pixelate", cells=3).model_copy(update={"share": 0.8})
    making.make(more)
    assert all(now for now, before in zip(changed(making), first, strict=True) if before) and sum(changed(making)) < 24
    manifest = making.make(recipe("mask_out", grow=0.0))
    assert "left_on_purpose" not in manifest["images"][0] and manifest["audit"]["left_on_purpose"] == 0


def test_images_and_labels_of_those_who_are_not_drawn_stay(making: Making) -> None:
    making.make(recipe("mask_out", grow=0.0).model_copy(update={"share": 0.3}))
    hidden = [number for number, moved in enumerate(changed(making)) if moved]
    manifest = making.make(recipe("drop_labels", grow=0.0).model_copy(update={"share": 0.3}))
    removed = [label for one in manifest["images"] for label in one.get("dropped", {}).get("labels", [])]
    assert removed == [*hidden, 99] and manifest["audit"]["labels_removed"] == len(hidden) + 1
    manifest = making.make(recipe("drop_images").model_copy(update={"share": 0.3}))
    left_out = [one["file_name"] for one in manifest["images"] if "dropped" in one]
    assert left_out == [*(f"{index}.png" for index in sorted({number // 2 for number in hidden})), "lost.png"]
    audit = manifest["audit"]
    assert audit["left_on_purpose"] == 2 * (13 - len(left_out)) and audit["changed"] == 0
