"""A user's image files: names of any kind, links, and all broken ones in one message."""

import json
import os

import pytest

from anonbench.common.errors import UserError
from anonbench.datasets.names import kept_name
from tests.helpers.own_coco import Own, listed, person, photo


def names(content):
    return [image["file_name"] for image in content["images"]]


def written(own):
    folder = own.root / "out" / "train"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_long_name_is_shortened_and_stays_its_own(tmp_path):
    long = ["a" * 250 + ".webp", "a" * 249 + "b.webp", "sub/" + "ü" * 120 + ".png"]
    own = Own(tmp_path, [person(1)], {name: photo("WEBP" if name.endswith("webp") else "PNG") for name in long})
    content = own.convert()
    assert content["info"]["names_shortened"] == 3
    kept = names(content)
    assert kept[0].startswith("a" * 180) and kept[2].startswith("sub/" + "ü" * 90)
    assert [len(name.split("/")[-1].encode()) for name in kept] == [200, 200, 199]
    assert all(name.endswith(".png") for name in kept) and written(own) == sorted(kept) and len(set(kept)) == 3


def test_names_up_to_200_bytes_are_kept():
    assert kept_name("b/" + "a" * 196 + ".jpg") == ("b/" + "a" * 196 + ".jpg", [])
    assert kept_name("b/" + "a" * 197 + ".jpg")[1] == ["shortened"]


def test_a_name_that_is_not_utf_8_is_escaped(tmp_path):
    name = os.fsdecode(b"caf\xe9 \xff.png")
    own = Own(tmp_path, [person(1)], {name: photo()})
    content = own.convert()
    assert names(content) == ["caf%E9 %FF.png"] == written(own) and content["info"]["names_escaped"] == 1
    (own.images / name).write_bytes(b"")
    with pytest.raises(UserError) as caught:
        own.convert()
    str(caught.value).encode()


ODD = ["--help", "-rf/1.png", "{v1}.png", "{wildcards.split}/#1 'a\".png", "a\nb.png", "~.png", "%E9.png"]


@pytest.mark.parametrize("name", ODD)
def test_any_other_name_is_kept(tmp_path, name):
    own = Own(tmp_path, [person(1)], {name: photo()})
    assert names(own.convert()) == [name if name.endswith(".png") else f"{name}.png"] == written(own)


def test_links_that_lead_nowhere(tmp_path):
    own = Own(tmp_path, [person(1)])
    (own.images / ".#2.png").symlink_to("nowhere")
    assert names(own.convert()) == ["1.png"]
    content = json.loads(own.labels.read_text())
    content["images"].append(listed(2, ".#2.png"))
    own.labels.write_text(json.dumps(content))
    with pytest.raises(
        UserError, match=r"lists 1 image\(s\) that .*images does not hold, the first is '.#2.png' \(a broken link"
    ):
        own.convert()


def test_links_to_images_are_read(tmp_path):
    own = Own(tmp_path, [person(1)])
    (own.images / "1.png").rename(tmp_path / "elsewhere")
    (own.images / "1.png").symlink_to(tmp_path / "elsewhere")
    own.convert()
    assert not (tmp_path / "out" / "train" / "1.png").is_symlink()


def test_all_broken_images_are_told_at_once_and_nothing_is_left(tmp_path):
    files = {f"{number}.jpg": photo("JPEG") for number in range(1, 31)}
    files |= {"3.jpg": b"", "7.jpg": files["7.jpg"][:500], "9.jpg": b"<html>", "30.jpg": photo("PNG", (80, 60))}
    own = Own(tmp_path, [person(1)], files)
    with pytest.raises(UserError) as caught:
        own.convert()
    first, *lines = caught.value.problem.strip().splitlines()
    assert first == f"4 images of {own.labels} cannot be used:"
    words = [
        "3.jpg is not a readable image: it is empty",
        "7.jpg is not",
        "9.jpg is not a readable image: it is a web page",
    ]
    words.append("30.jpg is 80 x 60 px, but its annotations say 160 x 120 px")
    assert len(lines) == 4 and all(f"- {own.images}/{word}" in line for word, line in zip(words, lines, strict=True))
    assert not [path for path in (tmp_path / "out").rglob("*") if path.name != "out"]


def test_of_many_broken_images_twenty_are_named(tmp_path):
    own = Own(tmp_path, [person(1)], {f"{number}.jpg": b"" for number in range(1, 26)})
    with pytest.raises(UserError, match="25 images of .* cannot be used") as caught:
        own.convert()
    lines = caught.value.problem.strip().splitlines()
    assert len(lines) == 22 and lines[-1] == "- and 5 more"


def test_one_broken_image_is_told_as_such(tmp_path):
    with pytest.raises(UserError, match=r"^.*/1.png is not a readable image: it is a text"):
        Own(tmp_path, [person(1)], {"1.png": b"hello", "2.png": photo()}).convert()
