"""Which file serves a role, and where it is looked for."""

from pathlib import Path

import pytest

from anonbench.common.errors import UserError
from anonbench.datasets.locate import locate, needed_roles, remote_files, role_of
from tests.helpers.converted import made_format


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def put(path: str) -> Path:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).touch()
    return Path(path)


def test_the_official_values_count_where_the_configuration_says_nothing(several):
    nothing = {"path": None, "urls": None, "digest": None, "size": None}
    for made in (several(), several(images=nothing)):
        assert remote_files(made) == made.FILES and len(made.FILES) == 2


def test_the_users_values_count_before_them(several):
    own = {"urls": ["https://mirror.org/l.json"], "digest": "sha256:" + "2" * 64, "size": 9}
    made = several(labels=own)
    files = remote_files(made)
    assert files["images"] == made.FILES["images"]
    labels = files["labels"]
    assert (labels.urls, labels.digest, labels.login) == (("https://mirror.org/l.json",), own["digest"], None)
    assert (labels.file_name, labels.size, labels.exact) == ("labels.json", 9, True)
    with pytest.raises(UserError, match=r"`files` names 'masks', which several does not have.*images, labels"):
        remote_files(several(masks={}))


def test_a_format_of_one_archive_keeps_its_keys():
    made = made_format("pennfudan", archive="mine.zip", sha256="3" * 64)
    assert remote_files(made)["archive"].digest == "sha256:" + "3" * 64
    assert locate("ped", made, "archive") == Path("mine.zip")
    assert made.config.path_key("archive") == "archive"
    assert remote_files(made_format("pennfudan", archive=None, sha256=None))["archive"].digest is None


def test_the_nearest_file_counts(several):
    folders = ["one", "two"]
    fetched = Path("resources/archives/mine/images.zip")
    assert locate("mine", several(), "images", folders) == fetched
    assert locate("mine", several(), "images", folders[1:]) == fetched
    plain = put("two/images.zip")
    assert locate("mine", several(), "images", folders) == plain
    own = put("two/mine/images.zip")
    assert locate("mine", several(), "images", folders) == own
    first = put("one/images.zip")
    assert locate("mine", several(), "images", folders) == first
    put(str(fetched))
    assert locate("mine", several(), "images", folders) == fetched
    assert locate("mine", several(images={"path": "my.zip"}), "images", folders) == Path("my.zip")


def test_each_needed_role_once(several):
    assert needed_roles(several(), ["generator", "train", "val"]) == ["labels", "images"]
    with pytest.raises(UserError, match=r"several dataset.* has no split 'test'.*train, val, generator"):
        needed_roles(several(), ["train", "test"])


def test_a_file_by_its_name(several):
    assert role_of(several(), "labels.json") == "labels"
    with pytest.raises(UserError, match=r"several has no file image\.zip\. Did you mean 'images\.zip'"):
        role_of(several(), "image.zip")
