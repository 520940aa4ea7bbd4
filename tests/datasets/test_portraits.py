"""Rendered photographs of one person each: who recurs, what changes between photographs, and what never does."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
import pytest
from pycocotools import mask as rle

from anonbench.common.errors import UserError
from anonbench.datasets.format import SplitSize
from anonbench.datasets.records import Sample
from anonbench.datasets.scenes.cast import CLOTHING, Cast, attributes, hair_colour
from anonbench.datasets.scenes.identity import HAIRS, SPLIT_CODES
from tests.helpers.converted import convert, made_format, samples_of

PEOPLE, OUTFITS, EACH = 12, 2, 4
SIZES = {"body": (96, 144), "face": (96, 96)}


def portraits(view: str, count: int = PEOPLE * EACH, **config):
    width, height = SIZES[view]
    keys = {"width": width, "height": height, "people": {"identities": PEOPLE, "outfits": OUTFITS}} | config
    return made_format("scenes", splits=dict.fromkeys(SPLIT_CODES, count), view=view, **keys)


@pytest.fixture(scope="module", params=["body", "face"])
def view(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def samples(view) -> list[Sample]:
    return list(samples_of(portraits(view).load("val", {})))


def test_everybody_recurs_equally_often_and_in_each_outfit(samples):
    assert len(samples) == PEOPLE * EACH and all(len(sample.annotations) == 1 for sample in samples)
    people = [sample.annotations[0] for sample in samples]
    assert Counter(a["identity"] for a in people) == {2_000_000 + k: EACH for k in range(PEOPLE)}
    for k in range(PEOPLE):
        assert [a["outfit"] for a in people[k::PEOPLE]] == [0, 1, 0, 1]


def test_one_person_fills_the_picture(view, samples):
    width, height = SIZES[view]
    for sample in samples:
        (person,) = sample.annotations
        assert sample.image.shape == (height, width, 3) and sample.declared_size == (width, height)
        left, top, wide, high = person["bbox"]
        area = rle.decode(person["segmentation"]).sum()
        if view == "body":
            assert 0.7 <= high / height <= 0.95 and top > 0 and top + high < height
            assert 0.08 < area / (width * height) < 0.4
        else:
            assert top >= 0 and top + high == height and area / (width * height) > 0.25
            assert 0.44 <= person["face_box"][3] / height <= 0.7


def test_the_head_is_in_the_picture(samples):
    for sample in samples:
        (person,) = sample.annotations
        head = np.array(person["keypoints"]).reshape(-1, 3)[:5]
        assert (head[:, 2] > 0).all()


def test_a_bust_shows_its_face(view, samples):
    faces = [a for sample in samples for a in sample.annotations if a["face_valid"]]
    if view == "body":
        # Two of ten turn their back.
        assert 0.5 < len(faces) / len(samples) < 0.95
        return
    assert len(faces) == len(samples)
    width, height = SIZES[view]
    for face in faces:
        x, y, w, h = face["face_box"]
        assert 0 < x < x + w < width and 0 < y < y + h < height
        nose = face["keypoints"][:3]
        assert nose[2] == 2 and abs(nose[0] - (x + w / 2)) < w / 2
    turns = [(f["keypoints"][0] - f["face_box"][0]) / f["face_box"][2] for f in faces]
    assert min(turns) < 0.4 and max(turns) > 0.6


def test_photographs_of_a_person_differ(samples):
    for k in range(PEOPLE):
        pictures = [sample.image.astype(int) for sample in samples[k::PEOPLE]]
        for number, one in enumerate(pictures):
            assert all(np.abs(one - other).mean() > 15 for other in pictures[:number])


def test_clothes_change_with_the_outfit_and_nothing_else():
    cast = Cast(3, "val", 40, 3)
    for k in range(40):
        person, outfits = cast.appearing(k)[0], [cast.appearing(k + 40 * p) for p in range(6)]
        assert [number for _, number in outfits] == [0, 1, 2] * 2
        for other, number in outfits:
            same = dataclasses.replace(other, **{key: getattr(person, key) for key in CLOTHING})
            assert same == person
            assert (other == person) == (number == 0)
            assert attributes(other, bag=False) == attributes(person, bag=False)
        assert len({other.top_colour for other, _ in outfits}) == 3
    worn = [(cast.appearing(k)[0], cast.appearing(k + 40)[0]) for k in range(40)]
    changing = {
        f.name for f in dataclasses.fields(person) if any(getattr(a, f.name) != getattr(b, f.name) for a, b in worn)
    }
    assert changing == {
        "hat", "hat_colour", "top", "top_pattern", "top_colour", "top_colour2", "pattern_size", "sleeves", "bottom",
        "bottom_colour", "shoes", "bag", "bag_colour",
    }  # fmt: skip


def test_children_and_men_wear_no_dresses_of_others():
    cast = Cast(0, "train", 60, 4)
    worn = [(person.feminine, person.top) for person, _ in map(cast.appearing, range(240))]
    assert (True, "dress") in worn and (False, "dress") not in worn


def test_what_can_be_seen_of_a_person(view, samples):
    people = [sample.annotations[0]["attributes"] for sample in samples]
    names = {"age", "hair", "beard", "glasses"} | ({"bag"} if view == "body" else set())
    assert all(a.keys() == names and all(isinstance(text, str) for text in a.values()) for a in people)
    assert {a["age"] for a in people} == {"adult", "child"}
    cast = Cast(0, "val", PEOPLE, OUTFITS)
    for index, found in enumerate(people):
        person, _ = cast.appearing(index)
        assert found["glasses"] == person.glasses and found["beard"] == person.beard
        assert found.get("bag", person.bag) == person.bag
        assert (found["hair"] == "bald") == (person.hair_style == "bald")


def test_hair_is_named_by_the_nearest_colour():
    person, _ = Cast(0, "val", 5, 1).appearing(0)
    named = [hair_colour(dataclasses.replace(person, hair=tuple(c + 5 for c in colour))) for colour in HAIRS]
    assert named == ["black", "brown", "brown", "brown", "blond", "blond", "red", "gray", "gray"]


def test_identities_of_the_splits_are_disjoint():
    numbers, faces = [], []
    for split in SPLIT_CODES:
        people = [Cast(0, split, 80, 1).appearing(k)[0] for k in range(80)]
        numbers += [person.number for person in people]
        faces += [dataclasses.replace(person, number=0) for person in people]
    assert len(set(numbers)) == len(set(faces)) == 240


def test_a_photograph_does_not_depend_on_how_many_there_are(view, samples):
    few = list(samples_of(portraits(view, 14).load("val", {})))
    assert len(few) == 14
    for one, other in zip(few, samples, strict=False):
        assert one.annotations == other.annotations and np.array_equal(one.image, other.image)
    seeded = next(samples_of(portraits(view, seed=1).load("val", {})))
    assert not np.array_equal(seeded.image, samples[0].image)
    other_split = next(samples_of(portraits(view).load("train", {})))
    assert not np.array_equal(other_split.image, samples[0].image)


def test_identity_outfit_and_attributes_reach_the_common_form(view, samples, tmp_path):
    width, height = SIZES[view]
    keys = {"view": view, "width": width, "height": height, "people": {"identities": 2, "outfits": 2}}
    content = convert(tmp_path, tmp_path, "scenes", "val", splits={"train": 4, "val": 4}, **keys)
    people = [a for a in content["annotations"] if a["category_id"] == 1]
    assert [(a["identity"], a["outfit"]) for a in people] == [(2_000_000 + k, o) for o in (0, 1) for k in (0, 1)]
    assert all(a["attributes"]["age"] in ("adult", "child") for a in people)
    assert [image["file_name"] for image in content["images"]] == [f"{view}_{k:05d}.png" for k in range(4)]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"people": None}, "`view` is (body|face), but nothing says who appears"),
        ({"view": "street"}, "`people` is for images of one person each"),
        ({"width": 64, "height": 144}, "`width` is 64: nobody fits into an image of 144 px height"),
        ({"people": {"identities": 25, "outfits": 1}}, r"`splits.train` is 48: 25 people .* at least twice"),
        ({"people": {"identities": 13, "outfits": 4}}, r"`splits.train` is 48: 13 people .* outfits"),
    ],
)
def test_what_cannot_be_drawn_is_said(view, config, words):
    made = street(**config) if "view" in config else portraits(view, **config)
    with pytest.raises(UserError, match=words) as caught:
        made.check()
    assert caught.value.fix
    portraits(view).check()


def street(**config):
    return made_format("scenes", splits={"train": 48, "val": 48}, people={"identities": 2}, **config)


def test_generators_may_learn_from_people_who_appear_once(view):
    splits = {"train": 24, "val": 24, "generator": 5}
    made_format("scenes", splits=splits, view=view, width=96, height=96, people={"identities": 12}).check()


@pytest.mark.parametrize("people", [{"identities": 1}, {"identities": 4, "outfits": 0}, {"outfits": 2}])
def test_too_few_people(people):
    with pytest.raises(UserError, match="people"):
        portraits("body", people=people)


def test_what_is_known_of_them_before_they_are_drawn(view, samples):
    made = portraits(view)
    size, (width, height) = made.size("val"), SIZES[view]
    assert (size.images, size.people, size.occupied, size.pixels) == (48, 48, 48, width * height)
    covered = np.mean([s.annotations[0]["area"] for s in samples]) / (width * height)
    assert size.bodies == pytest.approx(covered, rel=0.15)
    boxes = [np.prod(s.annotations[0]["face_box"][2:]) for s in samples if s.annotations[0]["face_valid"]]
    assert size.faces == pytest.approx(np.sum(boxes) / len(samples) / (width * height), rel=0.35)
    assert made.identifies() and made.COMPLETE and made.RENDERED
    plain = made_format("scenes", splits={"train": 2, "val": 2})
    assert not plain.identifies() and plain.size("val") == SplitSize(2, 6, 2, 256 * 192)
