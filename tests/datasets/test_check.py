"""What a dataset's specification can be told before any job runs, cheaply."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from anonbench.common.errors import UserError
from anonbench.common.files import sha256_file, write_json
from anonbench.datasets.check import check_verified, early_errors, out_of_reach
from anonbench.datasets.registry import FORMATS, format_module
from anonbench.datasets.verify import verify
from tests.helpers.odd_coco import build_odd_coco


@pytest.fixture
def coco(tmp_path: Path) -> dict:
    return build_odd_coco(tmp_path / "own")


def refused(spec: dict, *words: str) -> None:
    with pytest.raises(UserError) as caught:
        early_errors(spec)
    assert all(word in str(caught.value) for word in words)


def test_good_specifications_pass(coco, tmp_path):
    early_errors(coco)
    early_errors({"format": "scenes"})
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as out:
        out.writestr("a", "")
    early_errors({"format": "lspet", "archive": str(tmp_path / "a.zip"), "sha256": "0" * 64})
    early_errors({"format": "lspet", "archive": None, "sha256": None})


def test_unknown_format():
    refused({"format": "voc"}, "'voc'", "bdd100k, cityscapes, coco, coco2017, crowdpose, lspet, pennfudan")
    with pytest.raises(UserError, match=r"'os'.*coco"):
        format_module("os")


def test_every_format_has_the_same_interface():
    for name in FORMATS:
        module = format_module(name)
        assert callable(module.load) and callable(module.needs)
        assert len({file.file_name for file in module.FILES.values()}) == len(module.FILES)


def test_archives(tmp_path):
    spec = {"format": "pennfudan", "archive": str(tmp_path / "gone.zip")}
    refused(spec, "`archive`", "gone.zip", "does not exist")
    (tmp_path / "gone.zip").write_bytes(b"PK\3\4 cut off")
    refused(spec, "`archive`", "gone.zip", "truncated")
    refused({"format": "lspet", "sha256": "abc"}, "`sha256`", "'abc'")


def test_files_by_role(several, tmp_path):
    spec = {"format": "several", "files": {"images": {"path": None}}}
    early_errors(spec)
    refused(spec | {"files": {"image": {}}}, "`files`", "'image'", "images, labels")
    refused(spec | {"files": {"labels": {"path": str(tmp_path / "gone.json")}}}, "`files.labels.path`", "gone.json")
    (tmp_path / "cut.zip").write_bytes(b"PK\3\4 cut off")
    refused(spec | {"files": {"images": {"path": str(tmp_path / "cut.zip")}}}, "`files.images.path`", "truncated")


def test_files_out_of_reach(several, tmp_path):
    spec = {"format": "several", "files": {}}
    line = "labels.json of mine (7 MB; datasets.mine.files.labels.path): Register at example.org for labels.json."
    assert out_of_reach("mine", spec, ["train", "val"]) == [line]
    (tmp_path / "labels.json").touch()
    assert out_of_reach("mine", spec, ["gan"], [str(tmp_path)]) == []
    mirrored = {"labels": {"urls": ["https://mirror.org/l.json"]}}
    assert out_of_reach("mine", spec | {"files": mirrored}, ["gan"]) == []


def test_what_the_configuration_says_later_is_compared_with_what_was_verified(several, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "labels.json"
    path.write_text("{}")

    def check(**keys):
        check_verified("mine", {"format": "several", "files": {"labels": {"path": str(path), **keys}}}, ["gan"])

    check(digest="md5:" + "0" * 32)
    write_json("resources/verified/mine/labels.json.json", verify(path, several.FILES["labels"]))
    check()
    check(digest=f"sha256:{sha256_file(path)}", size=2)
    for keys in ({"digest": "md5:" + "0" * 32}, {"digest": "sha256:" + "0" * 64}, {"size": 3}):
        with pytest.raises(UserError, match=r"labels\.json has the wrong (checksum|length)"):
            check(**keys)
    path.write_text("[] ")
    check(size=3)  # it has changed, and the workflow verifies it again


def test_coco_folders_and_files(coco, tmp_path):
    splits = coco["splits"]

    def changed(split: str, **keys) -> dict:
        return coco | {"splits": splits | {split: splits["val"] | keys}}

    refused(coco | {"splits": {"train": splits["train"]}}, "`splits`", "'val'")
    refused(changed("test"), "`splits`", "'test'", "train, val, gan")
    refused(changed("gan", images=str(tmp_path / "gone")), "`splits.gan.images`", "gone")
    refused(changed("val", annotations=str(tmp_path / "gone.json")), "`splits.val.annotations`", "gone.json")
    (tmp_path / "empty").mkdir()
    refused(changed("val", images=str(tmp_path / "empty")), "`splits.val.images`", "empty")


def test_the_check_imports_nothing_heavy():
    code = (
        "import sys, anonbench.datasets.check\n"
        "print([m for m in ('torch', 'cv2', 'numpy', 'scipy', 'PIL', 'pycocotools', 'requests') if m in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"
