"""A user's own dataset in the workflow: any path, what a change of its files runs, and splits that do not fit."""

import copy
import json
import re
import zipfile

import pytest

from tests.helpers.own_coco import Own, person, photo
from tests.helpers.project import Project
from tests.study.conftest import toy_config

pytestmark = pytest.mark.slow

FOLDER = "user's {v1} folder #1/-rf"
MANIFESTS = [f"resources/variants/own/{split}/original/manifest.json" for split in ("train", "val")]


class Study:
    """A study of one dataset of a user's, whose splits lie in folders with braces."""

    def __init__(self, root):
        config = copy.deepcopy(toy_config())
        config["study"] = [config["study"][3]]
        self.splits = {
            split: Own(root / FOLDER / split, [person(1), person(2)], {"1.png": photo(), "2.png": photo()})
            for split in ("train", "val")
        }
        places = {
            split: {"images": f"{FOLDER}/{split}/images", "annotations": f"{FOLDER}/{split}/labels.json"}
            for split in self.splits
        }
        config["datasets"]["own"] = {"format": "coco", "splits": places}
        self.project = Project.create(root, config)

    def run(self, *arguments):
        result = self.project.snakemake(*MANIFESTS, *arguments)
        return result.returncode, result.stdout + result.stderr

    def planned(self):
        _, told = self.run("--dry-run")
        return {job for job in ("convert_split", "check_originals") if f"rule {job}:" in told}, told

    def edit(self, split, change):
        path = self.splits[split].labels
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))


def test_any_path_works_and_content_alone_runs_a_split_again(tmp_path):
    study = Study(tmp_path)
    status, told = study.run()
    assert status == 0, told
    assert study.planned()[0] == set()
    train = study.splits["train"].images
    (train / ".DS_Store").write_bytes(b"1")
    (train / "README.md").write_bytes(b"2")
    (train / ".#1.png").symlink_to("nowhere")
    (train / "1.png").touch()
    study.splits["val"].labels.touch()
    assert study.planned()[0] == set()

    data = (train / "1.png").read_bytes()
    (train / "1.png").write_bytes(data[:-1] + b"?")
    jobs, told = study.planned()
    assert jobs == {"convert_split", "check_originals"} and "split=val" not in told
    (train / "1.png").write_bytes(data)
    assert study.planned()[0] == set()

    # The validation split is compared with the training one, whose variants stay.
    study.edit("val", lambda content: content["annotations"][0].update(area=3500))
    jobs, told = study.planned()
    assert jobs == {"convert_split", "check_originals"} and "split=train" not in told


def lacks_a_category(content):
    content["categories"].append({"id": 2, "name": "bag"})


def has_nobody(content):
    content["categories"].append({"id": 2, "name": "bag"})
    for annotation in content["annotations"]:
        annotation["category_id"] = 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"train": lacks_a_category}, "val.json lacks categories of"),
        ({"train": lacks_a_category, "val": has_nobody}, "val.json has no person who could be found"),
    ],
)
def test_splits_that_do_not_fit_stop_before_anything_is_anonymized(tmp_path, changes, words):
    study = Study(tmp_path)
    for split, change in changes.items():
        study.edit(split, change)
    result = study.project.snakemake("results/summary.csv")
    told = result.stdout + result.stderr
    assert result.returncode != 0 and words in told and "Traceback" not in told
    assert not list((tmp_path / "resources" / "variants").rglob("manifest.json"))
    assert not (tmp_path / "results" / "models").exists()


def test_a_file_that_snakemake_cannot_take_is_named(tmp_path):
    study = Study(tmp_path)
    study.project.config["datasets"]["ped"] = {"format": "pennfudan", "archive": "{v1}.zip"}
    study.project.config["study"][0]["datasets"] = ["ped"]
    with zipfile.ZipFile(tmp_path / "{v1}.zip", "w") as archive:
        archive.writestr("a", "")
    result = study.project.snakemake("results/summary.csv", "--dry-run")
    told = result.stdout + result.stderr
    assert result.returncode == 1 and "Traceback" not in told
    assert "{v1}.zip cannot be used: Snakemake takes the braces in its path for a wildcard." in told


def test_a_number_of_images_makes_its_own_split_again(tmp_path):
    study = Study(tmp_path)
    datasets = study.project.config["datasets"]
    datasets["own"]["take"] = {"train": 1, "val": 1}
    datasets["whole"] = {key: value for key, value in datasets["own"].items() if key != "take"}
    targets = [*MANIFESTS, *(path.replace("/own/", "/whole/") for path in MANIFESTS)]
    told = study.project.snakemake(*targets)
    assert told.returncode == 0, told.stdout + told.stderr
    # `printf 0/2.png | sha256sum` is 29bb…, that of 0/1.png is 33a6…
    for dataset, names in (("own", ["2.png"]), ("whole", ["1.png", "2.png"])):
        manifest = json.loads((tmp_path / f"resources/variants/{dataset}/train/original/manifest.json").read_text())
        assert [image["file_name"] for image in manifest["images"]] == names

    def planned():
        told = study.project.snakemake(*targets, "--dry-run").stdout
        return set(re.findall(r"wildcards: dataset=(\w+), split=(\w+)", told))

    assert planned() == set()
    datasets["own"]["take"]["val"] = 2
    assert planned() == {("own", "val")}
    datasets["own"]["take"]["seed"] = 1
    assert planned() == {("own", "train"), ("own", "val")}
