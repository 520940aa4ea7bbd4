"""Which file serves a role, and where it is looked for."""

from pathlib import Path

import pytest

from anonbench.common.errors import UserError
from anonbench.datasets.locate import locate, needed_roles, remote_files, role_of

SPEC = {"format": "several"}


@pytest.fixture(autouse=True)
def in_a_folder(several, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def put(path: str) -> Path:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).touch()
    return Path(path)


def test_the_official_values_count_where_the_configuration_says_nothing(several):
    nothing = {"path": None, "urls": None, "digest": None, "size": None}
    for spec in (SPEC, SPEC | {"files": {}}, SPEC | {"files": {"images": nothing}}):
        assert remote_files(spec) == several.FILES


def test_the_users_values_count_before_them(several):
    own = {"urls": ["https://mirror.org/l.json"], "digest": "sha256:" + "2" * 64, "size": 9}
    files = remote_files(SPEC | {"files": {"labels": own}})
    assert files["images"] == several.FILES["images"]
    labels = files["labels"]
    assert (labels.urls, labels.digest, labels.login) == (("https://mirror.org/l.json",), own["digest"], None)
    assert (labels.file_name, labels.size, labels.exact) == ("labels.json", 9, True)
    with pytest.raises(UserError, match=r"`files` names 'masks'.*images, labels"):
        remote_files(SPEC | {"files": {"masks": {}}})


def test_a_format_of_one_archive_keeps_its_keys():
    spec = {"format": "pennfudan", "archive": "mine.zip", "sha256": "3" * 64}
    assert remote_files(spec)["archive"].digest == "sha256:" + "3" * 64
    assert locate("ped", spec, "archive") == Path("mine.zip")
    assert remote_files({"format": "pennfudan", "archive": None, "sha256": None})["archive"].digest is None


def test_the_nearest_file_counts():
    folders = ["one", "two"]
    fetched = Path("resources/archives/mine/images.zip")
    assert locate("mine", SPEC, "images", folders) == fetched
    assert locate("mine", SPEC, "images", folders[1:]) == fetched
    plain = put("two/images.zip")
    assert locate("mine", SPEC, "images", folders) == plain
    own = put("two/mine/images.zip")
    assert locate("mine", SPEC, "images", folders) == own
    first = put("one/images.zip")
    assert locate("mine", SPEC, "images", folders) == first
    put(str(fetched))
    assert locate("mine", SPEC, "images", folders) == fetched
    assert locate("mine", SPEC | {"files": {"images": {"path": "my.zip"}}}, "images", folders) == Path("my.zip")


def test_each_needed_role_once():
    assert needed_roles(SPEC, ["gan", "train", "val"]) == ["labels", "images"]


def test_a_file_by_its_name():
    assert role_of(SPEC, "labels.json") == "labels"
    with pytest.raises(UserError, match=r"several has no file masks\.zip.*images\.zip, labels\.json"):
        role_of(SPEC, "masks.zip")
