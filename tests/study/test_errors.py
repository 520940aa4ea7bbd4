"""What a user sees after a mistake, through Snakemake."""

import copy

import pytest

from tests.helpers.project import Project
from tests.helpers.tiny_archives import tiny_pennfudan
from tests.study.conftest import toy_config

pytestmark = pytest.mark.slow

ANNOTATIONS = "resources/datasets/ped/annotations/train.json"


@pytest.fixture
def project(tmp_path):
    config = copy.deepcopy(toy_config())
    config["study"] = config["study"][1:2]
    return Project.create(tmp_path, config)


def test_a_misspelt_key_stops_before_any_job(project):
    project.config["studdy"] = []
    result = project.snakemake("--dry-run")
    assert result.returncode != 0
    assert "Unknown configuration key studdy: nothing reads it. Did you mean 'study'?" in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("target", "last"),
    [
        (
            "resources/datasets/city/annotations/val.json",
            [
                "These files are behind a login, and nowhere on this machine:",
                "- leftImg8bit_trainvaltest.zip of city ",
                "- gtFine_trainvaltest.zip of city ",
                "Put them, under these names, into a folder",
            ],
        ),
        (
            "resources/verified/city/leftImg8bit.zip.json",
            [
                "cityscapes has no file leftImg8bit.zip.",
                "Did you mean 'leftImg8bit_trainvaltest.zip'?",
            ],
        ),
    ],
)
def test_what_a_rule_cannot_have_ends_in_our_message_alone(project, target, last):
    project.config["datasets"]["city"] = {"format": "cityscapes"}
    project.config["study"][0]["datasets"].append("city")
    tiny_pennfudan(project.root / "PennFudanPed.zip")
    result = project.snakemake(target)
    assert result.returncode == 1
    _, told = (result.stdout + result.stderr).split("Building DAG of jobs...\n")
    lines = told.strip().splitlines()
    assert len(lines) == len(last)
    assert all(line.startswith(start) for line, start in zip(lines, last, strict=True))
    assert not (project.root / "resources").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda archive, spec: spec.update(sha256="0" * 64), "SHA-256"),
        (lambda archive, spec: archive.write_bytes(archive.read_bytes()[:-200]), "PennFudanPed.zip"),
        (lambda archive, spec: tiny_pennfudan(archive, without="PennFudanPed/PedMasks/Ped1_mask.png"), "Ped1"),
        (lambda archive, spec: tiny_pennfudan(archive, without="PennFudanPed/PNGImages/Ped1.png"), "Ped1"),
    ],
    ids=["wrong checksum", "truncated", "image without its annotation", "annotation without its image"],
)
def test_a_wrong_archive_ends_in_one_message_and_leaves_nothing(project, change, words):
    archive = tiny_pennfudan(project.root / "PennFudanPed.zip")
    change(archive, project.config["datasets"]["ped"])
    result = project.snakemake(ANNOTATIONS)
    printed = result.stdout + result.stderr
    assert result.returncode != 0
    assert words in printed
    assert "Traceback" not in printed
    assert not [path for path in (project.root / "resources" / "datasets").rglob("*") if path.is_file()]
