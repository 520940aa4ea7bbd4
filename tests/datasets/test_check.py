"""What can be said of a dataset before any job runs, cheaply."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from anonbench.common.errors import UserError
from anonbench.common.files import sha256_file, write_json
from anonbench.config.plugins import FORMATS
from anonbench.datasets.check import check_verified, out_of_reach
from anonbench.datasets.format import Format
from anonbench.datasets.verify import verify
from tests.helpers.converted import made_format
from tests.helpers.odd_coco import build_odd_coco


@pytest.fixture
def coco(tmp_path: Path) -> dict:
    return build_odd_coco(tmp_path / "own")


def refused(made: Format, *words: str) -> None:
    with pytest.raises(UserError) as caught:
        made.check()
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_good_configurations_pass(coco, tmp_path):
    FORMATS.create("coco", coco).check()
    made_format("scenes", splits={"train": 1, "val": 1}).check()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as out:
        out.writestr("a", "")
    made_format("lspet", archive=str(tmp_path / "a.zip"), sha256="0" * 64).check()
    made_format("lspet", archive=None, sha256=None).check()


def test_what_every_format_says_of_itself(tmp_path):
    examples = {
        "scenes": {"splits": {"train": 1, "val": 1, "generator": 1}},
        "coco": {"splits": build_odd_coco(tmp_path)["splits"]},
        "coco2017": {"generator_share": 0.25},
    }
    identified = set()
    splits, fetched, regions = {}, {}, {}  # `fetched`: the number of files of the last split
    for name in FORMATS.names():
        made = made_format(name, **examples.get(name, {}))
        splits[name], regions[name] = made.splits(), made.REGIONS
        identified |= {name} if made.identifies() else set()
        for split in made.splits():
            needed = made.needs(split)
            assert set(needed) <= set(made.FILES) and bool(needed) == bool(made.FILES)
            fetched[name] = len(needed)
            assert made.size(split).images > 0
            again = FORMATS.create(name, made.conversion(split))
            assert split in again.splits() and again.conversion(split) == made.conversion(split)
        files = made.FILES.values()
        assert len({file.file_name for file in files}) == len(files)
        assert all(bool(file.login) != bool(file.urls) for file in files)
        assert len(type(made).__doc__) > 100
    two, three = ("train", "val"), ("train", "val", "generator")
    assert splits == {
        "bdd100k": two, "cityscapes": two, "coco": two, "coco2017": three, "crowdpose": two, "lfw": two,
        "lspet": three, "market1501": two, "pennfudan": two, "scenes": three, "wider_face": two,
    }  # fmt: skip
    assert fetched == {
        "bdd100k": 2, "cityscapes": 2, "coco": 0, "coco2017": 2, "crowdpose": 2, "lfw": 1, "lspet": 1,
        "market1501": 1, "pennfudan": 1, "scenes": 0, "wider_face": 3,
    }  # fmt: skip
    partial = {name: found for name, found in regions.items() if found != ("face", "body")}
    assert partial == {"lfw": ("face",), "market1501": ("body",), "wider_face": ("face",)}
    assert identified == {"coco", "lfw", "market1501"}


def test_archives(tmp_path):
    archive = tmp_path / "gone.zip"
    made = made_format("pennfudan", archive=str(archive))
    refused(made, "`archive`", "gone.zip", "does not exist")
    archive.write_bytes(b"PK\3\4 cut off")
    refused(made, "`archive`", "gone.zip", "truncated")


def test_files_by_role(several, tmp_path):
    several(images={"path": None}).check()
    refused(several(image={}), "`files`", "'image'", "Did you mean 'images'?")
    refused(several(labels={"path": str(tmp_path / "gone.json")}), "`files.labels.path`", "gone.json")
    (tmp_path / "cut.zip").write_bytes(b"PK\3\4 cut off")
    refused(several(images={"path": str(tmp_path / "cut.zip")}), "`files.images.path`", "truncated")


def test_where_files_lie_and_shards_are_no_part_of_a_conversion(tmp_path):
    plain = made_format("bdd100k", labels="rles").conversion("train")
    files = {"ins_seg": {"path": "mine.zip", "digest": "md5:" + "1" * 32, "size": 5, "urls": ["http://a/b"]}}
    assert made_format("bdd100k", labels="rles", files=files, shards=7).conversion("train") == plain
    assert plain == {"format": "bdd100k", "labels": "rles"}
    archive = {"archive": "mine.zip", "sha256": "1" * 64, "shards": 2}
    assert made_format("lspet", **archive).conversion("val") == {"format": "lspet", "upright_only": True}


def test_a_users_own_files_are_watched(coco, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = FORMATS.create("coco", coco)
    (annotations,) = made.local_files("train")
    assert str(annotations) == coco["splits"]["train"]["annotations"]
    assert set(made.conversion("train")["splits"]) == {"train"}
    before = made.fingerprint("train"), made.fingerprint("val")
    images = Path(coco["splits"]["train"]["images"])
    for name in ("sub folder/new.png", ".DS_Store", "Thumbs.db"):
        (images / name).write_bytes(b"1")
    (images / ".#broken.jpg").symlink_to("nowhere")
    assert (made.fingerprint("train"), made.fingerprint("val")) == before
    image = images / "sub folder" / "übung 1.PNG"
    data = image.read_bytes()
    image.write_bytes(data[:-1] + b"?")
    assert made.fingerprint("train") != before[0] and made.fingerprint("val") == before[1]
    image.write_bytes(data)
    assert made.fingerprint("train") == before[0]
    annotations.write_text(annotations.read_text() + " ")
    assert made.fingerprint("train") != before[0]


def test_files_out_of_reach(several, tmp_path):
    line = "labels.json of mine (7 MB; datasets.mine.files.labels.path): Register at example.org for labels.json."
    assert out_of_reach("mine", several(), ["train", "val"]) == [line]
    (tmp_path / "labels.json").touch()
    assert out_of_reach("mine", several(), ["generator"], [str(tmp_path)]) == []
    mirrored = several(labels={"urls": ["https://mirror.org/l.json"]})
    assert out_of_reach("mine", mirrored, ["generator"]) == []
    with pytest.raises(UserError, match="no split 'test'"):
        out_of_reach("mine", several(), ["test"])


def test_what_the_configuration_says_later_is_compared_with_what_was_verified(several, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "labels.json"
    path.write_text("{}")

    def check(**keys):
        check_verified("mine", several(labels={"path": str(path), **keys}), ["generator"])

    check(digest="md5:" + "0" * 32)
    record = Path("resources/verified/mine/labels.json.json")
    write_json(record, verify(path, several().FILES["labels"]).model_dump())
    check()
    check(digest=f"sha256:{sha256_file(path)}", size=2)
    for keys in ({"digest": "md5:" + "0" * 32}, {"digest": "sha256:" + "0" * 64}, {"size": 3}):
        with pytest.raises(UserError, match=r"labels\.json has the wrong (checksum|length)"):
            check(**keys)
    path.write_text("[] ")
    check(size=3)  # it has changed, and the workflow verifies it again
    write_json(record, {"size": 3})
    with pytest.raises(UserError, match=r"labels\.json\.json"):
        check()


def test_coco_folders_and_files(coco, tmp_path):
    splits = coco["splits"]

    def changed(split: str, **keys) -> Format:
        return FORMATS.create("coco", coco | {"splits": splits | {split: splits["val"] | keys}})

    refused(FORMATS.create("coco", coco | {"splits": {"train": splits["train"]}}), "`splits`", "'val'")
    with pytest.raises(UserError, match=r"key splits\.test: nothing reads it\. Choose from train, val, generator"):
        changed("test")
    refused(changed("generator", images=str(tmp_path / "gone")), "`splits.generator.images`", "gone", "not a directory")
    refused(changed("val", annotations=str(tmp_path / "gone.json")), "`splits.val.annotations`", "gone.json")
    (tmp_path / "empty").mkdir()
    refused(changed("val", images=str(tmp_path / "empty")), "`splits.val.images`", "empty")


def test_loading_formats_and_checking_imports_nothing_heavy():
    code = (
        "import sys, anonbench.datasets.check\n"
        "from anonbench.config.plugins import FORMATS\n"
        "assert len([FORMATS[name] for name in FORMATS.names()]) >= 9\n"
        "heavy = ('torch', 'scipy', 'requests', 'ijson', 'tqdm', 'resvg_py', 'matplotlib')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"
