"""What a dataset's specification can be told before any job runs, cheaply."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from anonbench.datasets.check import early_errors
from anonbench.datasets.registry import FORMATS, format_module
from anonbench.errors import UserError
from tests.datasets.odd_coco import build_odd_coco


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
    for name in set(FORMATS) - {"scenes"}:
        module = format_module(name)
        assert callable(module.load) and (hasattr(module, "ARCHIVE") or callable(module.needs))


def test_archives(tmp_path):
    spec = {"format": "pennfudan", "archive": str(tmp_path / "gone.zip")}
    refused(spec, "`archive`", "gone.zip", "does not exist")
    (tmp_path / "gone.zip").write_bytes(b"PK\3\4 cut off")
    refused(spec, "`archive`", "gone.zip", "truncated")
    refused({"format": "lspet", "sha256": "abc"}, "`sha256`", "'abc'")


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
        "print([m for m in ('torch', 'cv2', 'numpy', 'scipy', 'PIL', 'pycocotools', 'pooch') if m in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"
