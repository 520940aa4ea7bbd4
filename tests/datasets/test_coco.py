"""A user's own COCO dataset: every oddity converts, every mistake is one message and leaves nothing behind."""

import json
import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from anonbench.common.errors import UserError
from anonbench.common.files import sha256_file
from anonbench.config.plugins import FORMATS
from anonbench.datasets.format import SplitSize
from anonbench.datasets.prepare import prepare
from tests.helpers.odd_coco import BICYCLE, DOG, PERSON, SECRET, build_odd_coco, scene


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("odd")
    build_odd_coco(folder)
    return folder


@pytest.fixture
def spec(template: Path, tmp_path: Path) -> dict:
    own = shutil.copytree(template, tmp_path / "own data")
    splits = {
        s: {"images": str(own / f"{s} images"), "annotations": str(own / f"{s} labels.json")} for s in ("train", "val")
    }
    return {"format": "coco", "splits": splits, "people": ["pedestrian"], "categories": None, "sigmas": None}


def convert(spec: dict, folder: Path, split: str = "train") -> dict:
    annotations = folder / "annotations" / f"{split}.json"
    prepare(FORMATS.create("coco", spec), split, {}, folder / "images" / split, annotations, "own")
    return json.loads(annotations.read_text())


def edit(spec: dict, change) -> None:
    """Apply ``change`` to the training split's parsed JSON and write it back."""
    path = Path(spec["splits"]["train"]["annotations"])
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def fails(spec: dict, tmp_path: Path, *words: str) -> None:
    with pytest.raises(UserError) as caught:
        convert(spec, tmp_path / "out")
    for word in words:
        assert word in str(caught.value)
    assert caught.value.fix
    left = {path.name for path in (tmp_path / "out").rglob("*")}
    assert left <= {"images", "annotations"}


def test_every_image_becomes_8_bit_rgb_of_the_annotated_size_without_metadata(spec, tmp_path):
    content = convert(spec, tmp_path / "out")
    assert len(content["images"]) == 14
    folder = tmp_path / "out" / "images" / "train"
    assert sorted(i["file_name"] for i in content["images"]) == sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()
    )
    for record in content["images"]:
        path = folder / record["file_name"]
        assert (record["width"], record["height"]) == (96, 64)
        assert sha256_file(path) == record["sha256"]
        data = path.read_bytes()
        assert SECRET not in data and b"Exif" not in data and b"eXIf" not in data
        with Image.open(path) as image:
            assert image.size == (96, 64) and image.mode == "RGB" and image.format in ("JPEG", "PNG")
            assert (image.format == "PNG") == (path.suffix.lower() == ".png")
            pixels = np.asarray(image).astype(int)
            # The figure stands where its annotation says: a dark body below a bright head.
            assert pixels[12:17, 38:43].mean() > pixels[30:50, 35:46].mean() + 60, record["file_name"]
        if path.suffix.lower() == ".png":
            assert data[24:26] == b"\x08\x02", record["file_name"]


def test_lossless_where_pixels_can_stay(spec, tmp_path):
    content = convert(spec, tmp_path / "out")
    source, target = Path(spec["splits"]["train"]["images"]), tmp_path / "out" / "images" / "train"
    for name, written in [
        ("a plain photo.jpg", "a plain photo.jpg"),
        ("sub folder/übung 1.PNG", "sub folder/übung 1.PNG"),
        ("turned, as stored.jpg", "turned, as stored.jpg"),
        ("photo.webp", "photo.webp.png"),
        ("scan.tif", "scan.tif.png"),
    ]:
        with Image.open(source / name) as before, Image.open(target / written) as after:
            assert np.array_equal(np.asarray(before), np.asarray(after)), name
    info = content["info"]
    assert (info["images_rotated"], info["images_kept_as_stored"], info["images_renamed"]) == (1, 1, 2)
    # Gray, RGBA, CMYK, palette, twice 16 bits, WebP, TIFF.
    assert info["images_converted"] == 8


def test_sixteen_bits_keep_their_upper_byte_and_rgba_its_colours(spec, tmp_path):
    convert(spec, tmp_path / "out")
    rng = np.random.default_rng(0)
    scenes = [scene(rng) for _ in range(7)]
    target = tmp_path / "out" / "images" / "train"
    rgba = np.asarray(Image.open(target / "sub folder/deeper/rgba.png"))
    assert np.array_equal(rgba, scenes[3])
    # The builder writes that array through OpenCV, which takes it for BGR.
    assert np.array_equal(np.asarray(Image.open(target / "sixteen bits colour.png")), scenes[6][:, :, ::-1])
    assert np.array_equal(np.asarray(Image.open(target / "sixteen bits.png"))[:, :, 0], scenes[6][:, :, 0])


def test_annotations_keep_ids_and_say_what_was_left_out(spec, tmp_path):
    before = json.loads(Path(spec["splits"]["train"]["annotations"]).read_text())
    content = convert(spec, tmp_path / "out")
    assert [c["id"] for c in content["categories"]] == [BICYCLE, PERSON, DOG]
    assert [c["is_person"] for c in content["categories"]] == [False, True, False]
    assert [i["id"] for i in content["images"]] == [i["id"] for i in before["images"]]
    left_out = {a["id"] for a in before["annotations"]} - {a["id"] for a in content["annotations"]}
    assert len(left_out) == content["info"]["annotations_left_out_without_box"] == 2
    people = [a for a in before["annotations"] if a["category_id"] == PERSON]
    assert {a["id"] for a in people} <= {a["id"] for a in content["annotations"]}
    assert content["info"]["boxes_taken_from_keypoints"] == 1
    assert content["info"]["polygons_left_out_too_short"] == 1
    outside = next(a for a in content["annotations"] if a["bbox"] == [80, 50, 40, 40])
    assert outside["num_keypoints"] == 13
    nobody = next(i["id"] for i in content["images"] if i["file_name"] == "nobody.jpg")
    assert not [a for a in content["annotations"] if a["image_id"] == nobody]


def test_keypoints_are_counted_whatever_the_file_says(spec, tmp_path):
    edit(spec, lambda c: [a.update(num_keypoints=0) for a in c["annotations"] if a.get("keypoints")])
    content = convert(spec, tmp_path / "out")
    assert {a["num_keypoints"] for a in content["annotations"] if a.get("keypoints")} == {13}


def test_masks_decode_alike_whatever_their_form(spec, tmp_path):
    convert(spec, tmp_path / "out")
    coco = COCO(str(tmp_path / "out" / "annotations" / "train.json"))
    masks = [coco.annToMask(a) for a in coco.anns.values() if isinstance(a.get("segmentation"), dict)]
    assert len(masks) == 3
    for mask in masks:
        assert mask.shape == (64, 96) and mask.sum() == 46 * 15 and mask[10:56, 33:48].all()


def test_coco_keypoints_bring_their_sigmas(spec, tmp_path):
    person = next(c for c in convert(spec, tmp_path / "out")["categories"] if c["is_person"])
    assert len(person["keypoints"]) == 17 and person["sigmas"][:2] == [0.026, 0.025] and person["skeleton"]


def test_chosen_categories(spec, tmp_path):
    content = convert(spec | {"categories": ["dog", "pedestrian"]}, tmp_path / "out")
    assert [c["name"] for c in content["categories"]] == ["pedestrian", "dog"]
    assert content["info"]["categories_left_out"] == ["bicycle"]
    assert content["info"]["annotations_left_out_of_other_categories"] == 1


def test_own_keypoints_need_one_sigma_each(spec, tmp_path):
    def three_keypoints(content):
        content["categories"][1]["keypoints"] = ["top", "middle", "bottom"]
        content["categories"][1]["skeleton"] = []
        for annotation in content["annotations"]:
            if annotation.get("keypoints"):
                annotation["keypoints"] = annotation["keypoints"][:9]

    edit(spec, three_keypoints)
    fails(spec, tmp_path, "pedestrian", "`sigmas`")
    fails(spec | {"sigmas": [0.1, 0.1]}, tmp_path, "`sigmas` has 2", "3 keypoints")
    fails(spec | {"sigmas": [0.1, 0.1, 0]}, tmp_path, "sigmas[2]", "greater than 0")
    content = convert(spec | {"sigmas": [0.1, 0.05, 0.1]}, tmp_path / "out")
    assert content["categories"][1]["sigmas"] == [0.1, 0.05, 0.1]


def test_sigmas_that_nothing_reads_are_an_error(spec, tmp_path):
    edit(spec, lambda content: [a.pop("keypoints", None) for a in content["annotations"]])
    fails(spec | {"sigmas": [0.1]}, tmp_path, "`sigmas`", "no person")


@pytest.mark.parametrize("key", ["people", "categories"])
def test_unknown_category_name(spec, tmp_path, key):
    fails(spec | {key: ["Pedestrian"]}, tmp_path, f"{key}` names", "'Pedestrian'", "bicycle, pedestrian, dog")


def first(key: str, **changes):
    return lambda content: content[key][0].update(changes)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (first("annotations", image_id=4), ["annotation 5", "image_id 4"]),
        (first("annotations", image_id=[1]), ["annotation 5", "image_id"]),
        (first("annotations", category_id=4), ["annotation 5", "category_id 4"]),
        (first("annotations", id=8), ["occur twice: 8"]),
        (first("annotations", iscrowd="maybe"), ["annotation 5", "`iscrowd`", "'maybe'"]),
        (
            first("annotations", segmentation=[[1, 2, 3, 4, 5, float("nan")]]),
            ["annotation 5", "`segmentation`", "finite"],
        ),
        (first("annotations", segmentation=[[1, 2, 3, 4, 5, 6, 7]]), ["annotation 5", "odd number"]),
        (first("annotations", segmentation={"size": [96, 64], "counts": [96 * 64]}), ["annotation 5", "size"]),
        (first("annotations", segmentation={"size": [64, 96], "counts": [5, 5]}), ["annotation 5", "add up"]),
        (first("annotations", segmentation={"size": [64, 96], "counts": "\u00ff0"}), ["annotation 5", "RLE"]),
        (first("annotations", keypoints=[1, 2, 2]), ["annotation 5", "51", "`keypoints`"]),
        (first("annotations", keypoints=[1, 2, 7] * 17), ["annotation 5", "visibility", "7"]),
        (first("annotations", face_box=[1, 2, 3]), ["annotation 5", "`face_box`"]),
        (first("images", file_name="../escape.jpg"), ["climbs out", "../escape.jpg"]),
        (first("images", file_name="..\\escape.jpg"), ["climbs out"]),
        (first("images", file_name="/etc/escape.jpg"), ["climbs out", "/etc/escape.jpg"]),
        (first("images", file_name=7), ["file_name is 7"]),
        (first("images", file_name="gone.jpg"), ["1 image(s)", "'gone.jpg'", "train images"]),
        (first("images", file_name="./cmyk.jpg"), ["twice", "'cmyk.jpg'"]),
        (first("images", id=993), ["the id 993 twice", "`images`", "'a plain photo.jpg'", "'sub folder/übung 1.PNG'"]),
        (first("images", file_name="\ud800.jpg"), ["no file system", "'\\ud800.jpg'"]),
        (first("images", id="1000"), ["'1000'", "`images`"]),
        (first("images", width=97), ["a plain photo.jpg", "96 x 64", "97 x 64"]),
        (first("categories", id=3), ["the id 3 twice", "`categories`", "'bicycle'", "'pedestrian'"]),
        (first("categories", name="dog"), ["category", "'dog'"]),
        (first("categories", name=None), ["category", "None"]),
        (lambda content: content.update(images=[]), ["no images", "empty"]),
        (lambda content: content.update(annotations=[]), ["'train'", "no usable annotation"]),
        (lambda content: content.pop("annotations"), ["`annotations`"]),
        (lambda content: content["categories"][1].update(skeleton=[[1, 18]]), ["pedestrian", "`skeleton`"]),
        (lambda content: content["categories"][1].pop("keypoints"), ["pedestrian", "`keypoints`"]),
    ],
)
def test_wrong_annotation_files(spec, tmp_path, change, words):
    edit(spec, change)
    fails(spec, tmp_path, "train labels.json" if "a plain photo.jpg" not in words else "photo", *words)


def test_annotation_file_that_is_no_json(spec, tmp_path):
    Path(spec["splits"]["train"]["annotations"]).write_text('{"images": [')
    fails(spec, tmp_path, "train labels.json", "not valid JSON")


@pytest.mark.parametrize("content", [b"", b"not an image", b"truncated"])
def test_unreadable_image(spec, tmp_path, content):
    # The last image but two, so that others have been written before it.
    path = Path(spec["splits"]["train"]["images"]) / "crowd.jpeg"
    path.write_bytes(path.read_bytes()[:900] if content == b"truncated" else content)
    fails(spec, tmp_path, "crowd.jpeg", "not a readable image")


def test_image_of_too_many_pixels(spec, tmp_path, monkeypatch):
    monkeypatch.setattr("anonbench.datasets.pictures.MAX_PIXELS", 96 * 64 - 1)
    fails(spec, tmp_path, "a plain photo.jpg", "limit")


def test_too_little_disk(spec, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 10})())
    fails(spec, tmp_path, "own/train", "MB are free")


def test_a_failed_conversion_leaves_no_older_split_behind(spec, tmp_path):
    convert(spec, tmp_path / "out")
    edit(spec, first("annotations", segmentation=[[1, 2, 3]]))
    fails(spec, tmp_path, "annotation 5", "odd number")


def test_a_splits_size_is_counted_from_its_annotations(spec, monkeypatch):
    made = FORMATS.create("coco", spec)
    content = json.loads(Path(spec["splits"]["train"]["annotations"]).read_text())
    people = [a for a in content["annotations"] if a["category_id"] == PERSON]
    size = made.size("train")
    # Every image but one shows somebody, and one does not declare its 96 x 64 px.
    assert (size.images, size.people, size.occupied) == (14, len(people), 13)
    assert size.pixels == round(96 * 64 * 13 / 14)
    Path(spec["splits"]["val"]["annotations"]).write_text("{")  # its conversion says what is wrong
    assert made.size("val") == SplitSize(14)
    monkeypatch.setattr("anonbench.datasets.formats.coco.READ_FOR_SIZE", 10)
    assert made.size("train") == SplitSize(14)


def test_annotation_id_of_zero_is_replaced(spec, tmp_path, caplog):
    edit(spec, first("annotations", id=0))
    with caplog.at_level(logging.INFO):
        content = convert(spec, tmp_path / "out")
    ids = [a["id"] for a in content["annotations"]]
    assert 0 not in ids and len(set(ids)) == len(ids)
    assert content["info"]["annotation_ids_of_zero_replaced"] == 1
    assert "annotation ids of zero replaced: 1" in caplog.text


def test_box_of_a_person_is_taken_from_the_mask_where_it_is_missing(spec, tmp_path):
    edit(spec, first("annotations", bbox=None))
    content = convert(spec, tmp_path / "out")
    assert content["info"]["boxes_taken_from_masks"] == 1
    assert np.allclose(content["annotations"][0]["bbox"], [33, 10, 14, 45], atol=1)


def test_the_same_input_gives_the_same_files(spec, tmp_path):
    assert convert(spec, tmp_path / "a") == convert(spec, tmp_path / "b")
