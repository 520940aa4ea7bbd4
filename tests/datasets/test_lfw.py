"""Labeled Faces in the Wild, and any folder of people: who is taken, in which split, and where faces are."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from anonbench.common.errors import UserError
from anonbench.common.images import decode
from anonbench.datasets.format import SplitSize
from anonbench.regions.face import annotated_face
from tests.helpers import people_archives
from tests.helpers.converted import convert, fails, made_format, samples_of

# By their places among all names; Cy, 2, has a single photograph.
NUMBERS = {"Ada_L": 0, "Bo": 1, "Di_E_F": 3, "Ed": 4}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("lfw")
    people_archives.lfw(folder / "lfw.tgz")
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> Path:
    return people_archives.person_folders(tmp_path_factory.mktemp("people"))


def who(content) -> dict[str, list[int]]:
    """The identities of each person's photographs."""
    names = {image["id"]: image["file_name"].split("/")[0] for image in content["images"]}
    found: dict[str, list[int]] = {}
    for annotation in content["annotations"]:
        found.setdefault(names[annotation["image_id"]], []).append(annotation["identity"])
    return found


def both(place: Path, out: Path, **config):
    return [convert(place, out, "lfw", split, **config) for split in ("train", "val")]


def test_half_the_people_are_the_attackers_and_half_the_targets(made, tmp_path):
    train, val = (who(content) for content in both(made, tmp_path))
    assert len(train) == len(val) == 2 and not train.keys() & val.keys()
    counts = people_archives.LFW
    assert train | val == {person: [number] * counts[person] for person, number in NUMBERS.items()}
    assert [who(content) for content in both(made, tmp_path)] == [train, val]
    others = [who(convert(made, tmp_path, "lfw", "train", seed=seed)).keys() for seed in range(1, 6)]
    assert any(other != train.keys() for other in others)


def test_who_has_too_few_photographs_is_left_out_and_counted(made, tmp_path):
    train, _ = both(made, tmp_path)
    assert train["info"]["people_left_out_with_too_few_photographs"] == 1
    assert train["info"]["images_left_out_of_people_with_too_few"] == 1
    assert train["info"]["files_left_out_no_photographs"] == 1
    assert "images_left_out_beyond_the_most" not in train["info"]


def test_the_most_and_the_least_of_a_persons_photographs(made, tmp_path):
    contents = both(made, tmp_path, photographs={"min": 2, "max": 2})
    assert [len(content["images"]) for content in contents] == [4, 4]
    names = {image["file_name"] for content in contents for image in content["images"]}
    assert {"Ed/Ed_0001.jpg", "Ed/Ed_0002.jpg"} <= names and "Ed/Ed_0003.jpg" not in names
    assert contents[0]["info"]["images_left_out_beyond_the_most"] == 3
    fails(made, tmp_path / "few", "lfw", "train", r"archive has 2 people with at least 3 photographs, fewer than 4",
          photographs={"min": 3})  # fmt: skip
    with pytest.raises(UserError, match="max must not be less than min"):
        made_format("lfw", photographs={"min": 3, "max": 2})


def test_some_of_the_people_are_drawn(tmp_path):
    people = {f"P{number:02d}": 2 for number in range(20)}
    people_archives.lfw(tmp_path / "lfw.tgz", people, side=20)
    drawn = [
        [who(content).keys() for content in both(tmp_path, tmp_path / "out", people=8, seed=seed)] for seed in (0, 1)
    ]
    for train, val in drawn:
        assert len(train) == len(val) == 4 and not train & val
    assert drawn[0] != drawn[1]
    fails(tmp_path, tmp_path / "more", "lfw", "val", "has 20 people .* fewer than 21", people=21)


def test_the_face_is_in_the_middle_of_an_official_photograph(made, tmp_path):
    train, _ = both(made, tmp_path)
    for annotation in train["annotations"]:
        assert annotation["bbox"] == [0, 0, 250, 250] and annotation["face_valid"] is True
        assert annotation["face_box"] == [70, 65, 110, 130]
        assert annotated_face(annotation).box.tolist() == [70, 65, 180, 195]
    image = train["images"][0]
    with Image.open(io.BytesIO((tmp_path / "images" / "train" / image["file_name"]).read_bytes())) as kept:
        assert kept.size == (250, 250) and kept.format == "JPEG"


def test_a_crop_lies_in_the_middle_of_its_canvas(folders, tmp_path):
    content = convert(tmp_path, tmp_path, "lfw", "val", images=str(folders), canvas=2, face=[0, 0.1, 1, 0.8])
    image, annotation = content["images"][0], content["annotations"][0]
    assert (image["width"], image["height"]) == (180, 180) and image["file_name"].endswith("/0.jpg.png")
    assert annotation["bbox"] == [45, 45, 90, 90] and annotation["area"] == 8100
    assert annotation["face_box"] == [45, 54, 90, 72]
    pixels = decode(tmp_path / "images" / "val" / image["file_name"])
    person = image["file_name"].split("/")[0]
    crop = decode(folders / person / "0.jpg")
    assert np.array_equal(pixels[45:135, 45:135], crop)
    # The border repeats the edge; mirrored, it would show the face once more.
    assert (pixels[60, :45] == crop[15, 0]).all() and (pixels[:45, 100] == crop[0, 55]).all()


def test_a_folder_of_people(folders, tmp_path):
    contents = both(tmp_path, tmp_path, images=str(folders))
    train, val = (who(content) for content in contents)
    assert (train | val).keys() == NUMBERS.keys() and not train.keys() & val.keys()
    assert len((train | val)["Bo"]) == 2  # without the hidden file
    assert contents[0]["info"]["files_left_out_no_photographs"] == 1
    image = contents[0]["images"][0]
    person, file = image["file_name"].split("/")
    assert (tmp_path / "images/train" / person / file).read_bytes() == (folders / person / file).read_bytes()


def test_what_is_known_before_anything_is_read(folders):
    official = made_format("lfw")
    assert official.size("train") == SplitSize(4582, 4582, 4582, 62_500, faces=pytest.approx(0.2288))
    assert made_format("lfw", canvas=2).size("val").pixels == 250_000
    assert made_format("lfw", people=100).size("train") is None
    assert made_format("lfw", photographs={"min": 4, "max": 6}).size("train").images == 3174 // 2
    assert made_format("lfw", photographs={"min": 4, "max": 4}, people=100).size("val").people == 200
    assert made_format("lfw", photographs={"min": 4, "max": 12}).size("val") is None
    own = made_format("lfw", images=str(folders), face=[0, 0, 1, 1], canvas=2)
    assert [own.size(split) for split in ("train", "val")] == [
        SplitSize(count, count, count, faces=0.25) for count in (sizes_of(own, s) for s in ("train", "val"))
    ]
    assert own.identifies() and own.REGIONS == ("face",) and own.needs("val") == ()
    assert official.needs("val") == ("archive",) and official.fingerprint("train") is None


def sizes_of(own, split: str) -> int:
    return sum(1 for _ in samples_of(own.load(split, {})))


def test_a_changed_photograph_changes_the_fingerprint(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    root = people_archives.person_folders(tmp_path / "people")
    own = made_format("lfw", images=str(root))
    before = own.fingerprint("train")
    assert own.fingerprint("train") == before
    (root / "Bo" / "0.jpg").write_bytes(people_archives.encoded(people_archives.picture(90, 90, 99)))
    assert own.fingerprint("train") != before


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"images": "{folder}", "archive": "{folder}/Bo/0.jpg"}, "`archive` and `images` are both set"),
        ({"images": "nowhere"}, "`images` names nowhere, which is not a directory"),
        ({"images": "{folder}/Bo"}, "has 0 people with at least 2 photographs"),
        ({"images": "{folder}", "people": 5}, "has 4 people .* fewer than 5"),
    ],
)
def test_mistakes_that_a_look_reveals(folders, config, words):
    config = {key: value.format(folder=folders) if isinstance(value, str) else value for key, value in config.items()}
    with pytest.raises(UserError, match=words):
        made_format("lfw", **config).check()
    made_format("lfw", images=str(folders)).check()


@pytest.mark.parametrize("face", [[0, 0, 0, 1], [0.5, 0, 0.6, 1], [0, 0.1, 1, 1], [-0.1, 0, 1, 1], [0, 0, 1]])
def test_a_face_outside_the_photograph(face):
    with pytest.raises(UserError, match="face"):
        made_format("lfw", face=face)


def test_archives_of_other_layouts(tmp_path):
    photograph = people_archives.encoded(people_archives.picture(20, 20, 1))
    tarred = people_archives.tarred
    tarred(tmp_path / "lfw.tgz", {"lfw/Bo/0001.jpg": photograph, "lfw/Bo_0001.jpg": photograph})
    fails(tmp_path, tmp_path / "a", "lfw", "train", r"no photographs that are named person/person_0001\.jpg")
    tarred(tmp_path / "lfw.tgz", {f"{root}/Bo/Bo_0001.jpg": photograph for root in ("lfw", "old/lfw")})
    fails(tmp_path, tmp_path / "b", "lfw", "train", "photographs in more than one folder")
    people = {f"lfw/{p}/{p}_{n:04d}.jpg": photograph for p in "ABCD" for n in (1, 2)}
    tarred(tmp_path / "lfw.tgz", people | {f"lfw/{p}/{p}_0002.jpg": b"<html>" for p in "ABCD"})
    fails(tmp_path, tmp_path / "c", "lfw", "train", r"lfw\.tgz: [A-D]/[A-D]_0002\.jpg is not a readable image")
    tarred(tmp_path / "lfw.tgz", people | {"lfw/../../A_0003.jpg": photograph})
    fails(tmp_path, tmp_path / "d", "lfw", "train", "climbs out of the archive")
