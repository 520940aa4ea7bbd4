"""What the keys `take` and `categories` keep of a split: which images, which annotations, and that no other is read."""

from collections import Counter
from pathlib import Path

import pytest

from anonbench.common.errors import UserError
from anonbench.common.validation import validated
from anonbench.config.datasets import DatasetConfig
from anonbench.config.plugins import FORMATS
from anonbench.datasets.archive import Archive
from anonbench.datasets.format import Format, SplitSize
from anonbench.datasets.part import part_of
from anonbench.datasets.records import Sample, Split
from tests.helpers import official
from tests.helpers.converted import convert, fails, made_format, samples_of
from tests.helpers.own_coco import Own, person, photo
from tests.helpers.tiny_archives import tiny_lspet, tiny_pennfudan, upright_joints

# `printf 0/c.jpg | sha256sum` and so on: with seed 0 they rank c, d, ü/f, e, b, a, with seed 1 e, d, a, b, c, ü/f.
NAMES = ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg", "ü/f.png"]
PERSON, DOG, CAR = (
    {"id": number, "name": name, "is_person": name == "person"}
    for number, name in enumerate(("person", "dog", "car"), 1)
)


def split(names=NAMES, present=None, **more) -> Split:
    """Images with one annotation of each category that ``present`` has for them; a person and a dog by default."""

    def read(places, counts):
        for place in places:
            counts["read"] += 1
            found = [1, 2] if present is None else present[names[place]]
            yield Sample(names[place], b"", [{"category_id": key} | more for key in found])

    return Split([PERSON, DOG, CAR], names, read, bytes_expected=600)


def part(whole: Split, **keys) -> Split:
    return part_of(whole, "train", validated(DatasetConfig, {"format": "any", **keys}), "set")


def refused(words: str, whole: Split, **keys) -> None:
    with pytest.raises(UserError, match=words) as caught:
        list(samples_of(part(whole, **keys)))
    assert caught.value.fix


@pytest.mark.parametrize(
    ("seed", "count", "taken"),
    [
        (0, 1, ["c.jpg"]),
        (0, 3, ["c.jpg", "d.jpg", "ü/f.png"]),
        (0, 4, ["c.jpg", "d.jpg", "e.jpg", "ü/f.png"]),
        (0, 6, NAMES),
        (1, 2, ["d.jpg", "e.jpg"]),
        (1, 5, ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg"]),
    ],
)
def test_which_images_are_taken(seed, count, taken):
    found = part(split(), take={"train": count, "seed": seed})
    assert list(found.names) == [sample.file_name for sample in samples_of(found)] == taken
    assert found.info == {"take": {"images": count, "seed": seed}, "images_left_out_not_drawn": 6 - count}
    assert found.bytes_expected == 100 * count


def test_the_order_of_the_source_decides_the_order_alone():
    backwards = part(split(NAMES[::-1]), take={"train": 3})
    assert list(backwards.names) == ["ü/f.png", "d.jpg", "c.jpg"]
    assert list(part(split(NAMES[2:]), take={"train": 3}).names) == ["c.jpg", "d.jpg", "ü/f.png"]


def test_some_of_a_part_are_read():
    found = part(split(), take={"train": 3})
    counts = Counter()
    assert [sample.file_name for sample in found.read([0, 2], counts)] == ["c.jpg", "ü/f.png"]
    assert counts == {"read": 2}


def test_a_split_that_is_not_named_is_taken_as_a_whole():
    assert part(split(), take={"val": 1}).names == NAMES and part(split()).names == NAMES


def test_more_images_than_there_are():
    words = r"`datasets\.set\.take\.train` is 7, but the split 'train' has 6 images\."
    refused(words, split(), take={"train": 7})
    with pytest.raises(UserError, match="Set it to 6 or less, or leave it out to take all images"):
        part(split(), take={"train": 7})


def test_categories_restrict_annotations():
    found = part(split(), categories=["car", "person"])
    assert found.categories == [PERSON, CAR] and found.info == {"categories_left_out": ["dog"]}
    counts = Counter()
    samples = list(found.read(range(6), counts))
    assert [sample.annotations for sample in samples] == [[{"category_id": 1}]] * 6
    assert counts["annotations_left_out_of_other_categories"] == 6
    whole = part(split(), categories=["dog", "car", "person"])
    assert whole.info == {} and len(next(samples_of(whole)).annotations) == 2


def test_an_annotation_of_no_category_is_left_to_the_writer_which_stops():
    strange = split(present=dict.fromkeys(NAMES, [9]))
    assert next(samples_of(part(strange, categories=["person"]))).annotations == [{"category_id": 9}]


def test_only_images_with_the_chosen_categories_are_drawn():
    present = dict(zip(NAMES, ([1], [3, 2], [2], [1, 2], [2], [1]), strict=True))
    found = part(split(present=present), categories=["person"], take={"train": 2})
    assert list(found.names) == ["d.jpg", "ü/f.png"]
    assert found.info == {
        "categories_left_out": ["dog", "car"],
        "take": {"images": 2, "seed": 0},
        "images_left_out_not_drawn": 1,
        "images_left_out_without_chosen_categories": 3,
    }
    counts = Counter()
    assert len(list(found.read(range(2), counts))) == 2
    assert counts == {"read": 2, "annotations_left_out_of_other_categories": 1}
    assert list(part(split(present=present), categories=["person"]).names) == NAMES
    words = "is 4, but the split 'train' has 3 images with an annotation of person"
    refused(words, split(present=present), categories=["person"], take={"train": 4})


def test_unknown_categories_and_people_who_would_stay_visible():
    refused(r"`datasets\.set\.categories` names 'persn'.*Choose from: person, dog, car", split(), categories=["persn"])
    refused(r"leaves out person: nobody would anonymize.*Add person", split(), categories=["dog"])
    two = split()
    two.categories[1] = DOG | {"is_person": True}
    refused(r"leaves out dog:.*Add dog", two, categories=["person", "car"])


@pytest.mark.parametrize(("identity", "recur"), [(0, True), (7, True), (None, False), (float("nan"), False)])
def test_people_who_recur_are_not_torn_apart(identity, recur):
    whole = split(identity=identity)
    if recur:
        refused(r"`datasets\.set\.take\.train` draws images, but annotations of set have an `identity`", whole,
                take={"train": 2})  # fmt: skip
    else:
        assert len(list(samples_of(part(whole, take={"train": 2})))) == 2


# Every format


@pytest.fixture(scope="module")
def archives(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("official")
    for build in (official.coco2017, official.wider_face, official.crowdpose, official.cityscapes, official.bdd100k):
        build(folder, 6)
    tiny_pennfudan(folder / "PennFudanPed.zip")
    tiny_lspet(folder / "lspet_dataset.zip", upright_joints(10))
    return folder


def plain(content: dict) -> dict[str, tuple]:
    """The images by name, with everything that is written of them but ids."""
    names = {image["id"]: image["file_name"] for image in content["images"]}
    found = {name: [] for name in names.values()}
    for one in content["annotations"]:
        found[names[one["image_id"]]].append({k: v for k, v in one.items() if k not in ("id", "image_id")})
    return {
        i["file_name"]: ({k: v for k, v in i.items() if k != "id"}, found[i["file_name"]]) for i in content["images"]
    }


@pytest.mark.parametrize(
    ("name", "keys", "category"),
    [
        ("coco2017", {}, "person"),
        ("coco2017", {"generator_share": 0.34}, "person"),
        ("wider_face", {}, "face"),
        ("crowdpose", {}, "person"),
        ("cityscapes", {}, ["person", "rider", "car"]),
        ("bdd100k", {}, ["pedestrian", "rider"]),
        ("bdd100k", {"labels": "rles"}, ["pedestrian", "rider"]),
        ("bdd100k", {"labels": "det_20"}, ["pedestrian", "rider"]),
        ("pennfudan", {}, "person"),
        ("lspet", {}, "person"),
    ],
)
@pytest.mark.parametrize("chosen", [False, True])
def test_only_what_is_taken_is_read_and_it_is_as_in_the_whole(
    archives, tmp_path, monkeypatch, name, keys, category, chosen
):
    more = {"categories": [category] if isinstance(category, str) else category} if chosen else {}
    whole = plain(convert(archives, tmp_path / "whole", name, "train", **keys, **more))
    read = []
    own = Archive.read
    monkeypatch.setattr(Archive, "read", lambda self, member: read.append(member) or own(self, member))
    content = convert(archives, tmp_path / "part", name, "train", **keys, **more, take={"train": 2, "seed": 3})
    found = plain(content)
    candidates = [one for one, (_, annotations) in whole.items() if annotations or not chosen]
    assert list(found) == list(part(split(candidates), take={"train": 2, "seed": 3}).names)
    assert found == {one: whole[one] for one in found}
    assert content["info"]["take"] == {"images": 2, "seed": 3}
    assert content["info"]["images_left_out_not_drawn"] == len(candidates) - 2
    pictures = [one for one in read if one.endswith(".jpg") or "leftImg8bit" in one or "PNGImages" in one]
    if name == "lspet" and chosen:  # a person's box depends on the image's size
        assert len(pictures) == len(whole) + 2
    else:
        assert len(pictures) == 2 and all(one.endswith(tuple(found)) for one in pictures)
    if chosen and isinstance(category, list):
        assert [one["name"] for one in content["categories"]] == category
    labels = [one for one in read if "instanceIds" in one or "bitmasks" in one or "PedMasks" in one]
    assert len(labels) <= 2 or chosen


def test_counts_are_of_what_is_taken(archives, tmp_path):
    content = convert(archives, tmp_path, "wider_face", "train", take={"train": 3}, categories=["face"])
    faces = content["annotations"]
    assert content["info"]["faces_ignored_marked_invalid"] == sum(one["attributes"]["invalid"] for one in faces)
    assert content["info"]["images_without_faces"] == 0


def test_a_validation_sample_keeps_its_protocol(archives, tmp_path):
    content = convert(archives, tmp_path, "wider_face", "val", take={"val": 3})
    whole = convert(archives, tmp_path / "whole", "wider_face", "val")
    assert content["info"]["protocol"] == "wider_face" and len(content["images"]) == 3
    numbers = {image["file_name"]: image["id"] for image in whole["images"]}
    assert {image["file_name"]: image["id"] for image in content["images"]}.items() <= numbers.items()
    assert plain(content).items() <= plain(whole).items()


def test_messages_of_a_conversion(archives, tmp_path):
    words = r"`datasets\.set\.take\.val` is 7, but the split 'val' has 6 images"
    fails(archives, tmp_path, "crowdpose", "val", words, take={"val": 7})
    fails(archives, tmp_path, "wider_face", "train", "names 'person'.*Choose from: face", categories=["person"])
    fails(archives, tmp_path, "cityscapes", "train", "leaves out rider", categories=["person", "car"])


def test_a_users_own_images(tmp_path):
    names = [f"{letter}.png" for letter in "abcdef"]
    categories = [{"id": 1, "name": "person"}, {"id": 2, "name": "bag"}]
    records = [person(1), person(2, category_id=2), person(3), person(3, category_id=2), person(5)]
    own = Own(tmp_path, records, {name: photo() for name in names}, categories=categories)
    size = FORMATS.create("coco", own.config(take={"train": 2, "val": 1}, categories=["person"])).size("train")
    assert size == SplitSize(2, 2, 2, 160 * 120)
    content = own.convert(take={"train": 2}, categories=["person"])
    # `printf 0/c.png | sha256sum` and so on rank the images with people c, e, a.
    assert [(image["file_name"], image["id"]) for image in content["images"]] == [("c.png", 3), ("e.png", 5)]
    assert [one["category_id"] for one in content["annotations"]] == [1, 1]
    assert content["info"]["annotations_left_out_of_other_categories"] == 1
    assert sorted(path.name for path in (own.root / "out" / "train").iterdir()) == ["c.png", "e.png"]


def test_a_users_people_who_recur(tmp_path):
    own = Own(tmp_path, [person(1, identity=3), person(2, identity=3)])
    assert len(own.convert()["images"]) == 2
    with pytest.raises(UserError, match=r"`datasets\.own\.take\.train` draws images"):
        own.convert(take={"train": 1})
    assert not (own.root / "out" / "train").exists()


# What is known before a job runs


@pytest.mark.parametrize(
    ("name", "keys", "words"),
    [
        ("scenes", {"splits": {"train": 9, "val": 9}, "take": {"train": 3}}, "images are rendered. Set `splits`"),
        ("lfw", {"take": {"train": 3}}, "people recur, and most would be left with a single image. Set `people`"),
        ("market1501", {"take": {"val": 3}}, "market1501, whose people recur"),
        ("pennfudan", {"take": {"train": 3, "generator": 3}}, "`take.generator` is set.*Use some of: train, val"),
        ("coco2017", {"take": {"generator": 3}}, "`take.generator` is set"),
        ("coco2017", {"categories": ["dog", "cat"]}, "`categories` leaves out person.*Add person"),
        ("cityscapes", {"categories": ["person"]}, "leaves out rider"),
        ("bdd100k", {"categories": ["car"]}, "leaves out pedestrian, rider.*Add pedestrian, rider"),
        ("wider_face", {"categories": ["person"]}, "leaves out face"),
    ],
)
def test_what_has_no_sense_stops_before_any_job(name, keys, words):
    with pytest.raises(UserError, match=words):
        made_format(name, **keys).check()


def test_what_has_sense_passes():
    made_format("coco2017", take={"generator": 3}, generator_share=0.1, categories=["dog", "person"]).check()
    made_format("lspet", take={"train": 3, "generator": 3}).check()


@pytest.mark.parametrize(
    ("take", "words"),
    [({}, "must name a split"), ({"seed": 1}, "must name a split"), ({"train": 0}, r"take\.train"),
     ({"test": 5}, r"take\.test: nothing reads it"), (5, "take")],
)  # fmt: skip
def test_takes_that_nothing_reads(take, words):
    with pytest.raises(UserError, match=words):
        made_format("coco2017", take=take)


def test_a_conversion_depends_on_its_own_split_alone():
    made = made_format("coco2017", take={"train": 20, "val": 5, "seed": 1}, categories=["person"])
    shared = {"format": "coco2017", "face_boxes": False, "generator_share": 0.0, "seed": 0, "categories": ["person"]}
    assert made.conversion("train") == shared | {"take": {"train": 20, "seed": 1}}
    assert made.conversion("val") == shared | {"take": {"val": 5, "seed": 1}}
    del shared["categories"]
    assert made_format("coco2017", take={"val": 5}).conversion("train") == shared


def test_sizes_for_the_plan():
    taken = made_format("coco2017", take={"train": 2000})
    assert taken.size("train") == SplitSize(2000, 4438, 1084) and taken.size("val") == SplitSize(5000, 11_004, 2_693)
    assert taken.whole_size("train").images == 118_287
    people = made_format("coco2017", take={"train": 2000}, categories=["person"])
    assert people.size("train") == SplitSize(2000, 8187, 2000)
    both = made_format("coco2017", take={"train": 2000}, categories=["person", "dog"])
    assert both.size("train") == SplitSize(2000, 4438, 1084)
    assert made_format("coco2017", categories=["person"]).size("train").images == 118_287
    faces = made_format("wider_face", take={"val": 100}).size("val")
    assert faces == SplitSize(100, 1231, pixels=1024 * 880, faces=0.06)
    assert made_format("crowdpose", take={"val": 100}).size("val") == SplitSize(100)


class Unsized(Format):
    """A format of one's own that says nothing of its size."""

    Config = DatasetConfig
    name = "unsized"

    def splits(self):
        return ("train", "val")

    def load(self, split, files):
        raise NotImplementedError


def test_a_format_of_unknown_size():
    assert Unsized(validated(DatasetConfig, {"format": "unsized", "take": {"val": 9}})).size("val") == SplitSize(9)
    assert Unsized(validated(DatasetConfig, {"format": "unsized"})).size("val") is None
    Unsized(validated(DatasetConfig, {"format": "unsized", "categories": ["car"]})).check()  # a conversion knows
