"""Files that the workflow fetches, through its rules."""

import copy

import pytest

from anonbench.common.files import sha256_file
from tests.helpers.project import Project
from tests.helpers.server import Answer, serve
from tests.helpers.tiny_archives import tiny_pennfudan
from tests.study.conftest import toy_config

pytestmark = pytest.mark.slow

ANNOTATIONS = [f"resources/datasets/ped/annotations/{split}.json" for split in ("train", "val")]


@pytest.fixture
def server(tmp_path):
    with serve() as served:
        served.files["ped.zip"] = tiny_pennfudan(tmp_path / "served.zip").read_bytes()
        yield served


@pytest.fixture
def project(tmp_path, server):
    """A project whose Penn-Fudan comes from the server."""
    config = copy.deepcopy(toy_config())
    config["study"] = config["study"][1:2]
    del config["datasets"]["ped"]["archive"]
    project = Project.create(tmp_path / "project", config)
    module = project.root / "anonbench" / "datasets" / "formats" / "pennfudan.py"
    official = "https://www.cis.upenn.edu/~jshi/ped_html/PennFudanPed.zip"
    text = module.read_text()
    assert official in text
    module.write_text(text.replace(official, server.url("ped.zip")))
    return project


def prepared(project):
    """The planned jobs that fetch, verify and convert."""
    return {job for job in project.planned() if job.startswith(("fetch", "verify", "convert"))}


def test_a_failed_job_leaves_no_file_and_the_next_goes_on_where_it_broke(project, server):
    server.script = [Answer(cut=1000), Answer(status=404)]
    result = project.snakemake(*ANNOTATIONS)
    assert result.returncode != 0
    assert "could not be downloaded (404" in result.stderr and "Traceback" not in result.stderr
    archive = project.root / "resources" / "archives" / "ped" / "PennFudanPed.zip"
    assert not archive.exists()

    result = project.snakemake(*ANNOTATIONS)
    assert result.returncode == 0, result.stderr
    assert server.ranges == [None, "bytes=1000-", "bytes=1000-"]
    assert archive.read_bytes() == server.files["ped.zip"]
    assert result.stderr.count("rule verify_file:") == 1
    assert result.stderr.count("rule convert_split:") == 2

    # Another mirror is no reason to download again; that the module's text changed is one to convert again.
    with project.changed("anonbench/datasets/formats/pennfudan.py", server.address, "http://127.0.0.1:9"):
        assert {job.split()[0] for job in prepared(project)} == {"convert_split"}


def test_an_archive_on_disk_is_used_in_place(project, server, tmp_path):
    archive = tmp_path / "disk" / "PennFudanPed.zip"
    archive.parent.mkdir()
    archive.write_bytes(server.files["ped.zip"])
    project.config["archives"] = [str(archive.parent)]
    result = project.snakemake(*ANNOTATIONS)
    assert result.returncode == 0, result.stderr
    assert server.requests == []
    assert not (project.root / "resources" / "archives").exists()
    assert prepared(project) == set()

    # A digest that is configured later is compared at once, and runs nothing again.
    project.config["datasets"]["ped"]["sha256"] = sha256_file(archive)
    assert prepared(project) == set()
    project.config["datasets"]["ped"]["sha256"] = "0" * 64
    result = project.snakemake("--dry-run")
    assert result.returncode != 0
    assert "PennFudanPed.zip has the wrong checksum" in result.stdout + result.stderr

    tiny_pennfudan(archive, shade=21)
    verified = "verify_file dataset=ped file_name=PennFudanPed.zip"
    assert prepared(project) == {verified} | {f"convert_split dataset=ped split={split}" for split in ("train", "val")}
