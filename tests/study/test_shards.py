"""Shards as jobs: the same variant whatever their number, and each restartable."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.project import Project

pytestmark = pytest.mark.slow

VARIANT = "resources/variants/tiny/train/body-mask_out-medium"
MANIFEST = f"{VARIANT}/manifest.json"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of 9 images in blocks of 2, of which three shards have anonymized one variant."""
    config = {
        "datasets": {
            "tiny": {"format": "scenes", "splits": {"train": 9, "val": 2}, "width": 128, "height": 96, "shards": 3}
        },
        "study": [
            {
                "datasets": ["tiny"],
                "models": ["mask-rcnn_demo"],
                "regions": ["body"],
                "methods": ["mask_out"],
                "levels": ["medium"],
            }
        ],
    }
    made = Project.create(tmp_path_factory.mktemp("sharded"), config)
    worklist = made.root / "anonbench/anonymize/worklist.py"
    worklist.write_text(worklist.read_text().replace("BLOCK = 32", "BLOCK = 2"))
    result = made.snakemake(MANIFEST)
    assert result.returncode == 0, result.stdout + result.stderr
    return made


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.glob("images/**/*")) if p.is_file()} | {
        "manifest.json": (folder / "manifest.json").read_bytes()
    }


def planned(project: Project) -> set[str]:
    """The jobs of the variant that would run."""
    return {job for job in project.planned(MANIFEST) if job.startswith(("anonymize", "deal", "compose"))}


def test_shards_leave_no_second_copy_of_an_image(project: Project) -> None:
    folder = project.root / VARIANT
    assert not list(folder.glob("shards/*/images"))
    assert sorted(path.parent.name for path in folder.glob("shards/*/manifest.json")) == [
        f"{shard}-of-3" for shard in (1, 2, 3)
    ]
    assert planned(project) == set()


def test_a_lost_shard_alone_runs_again_and_another_number_makes_the_same_variant(project: Project) -> None:
    folder = project.root / VARIANT
    before = files_of(folder)
    (folder / "manifest.json").unlink()
    # A shard whose input is broken fails; the others are kept.
    list_ = project.root / "resources/regions/tiny/train/body.shards/3/lists/2.json"
    whole = list_.read_text()
    list_.write_text(whole.replace('"sha256":"', '"sha256":"0'))
    failed = project.snakemake(MANIFEST, "--keep-going")
    assert failed.returncode != 0 and "differs" in failed.stdout + failed.stderr
    assert not (folder / "manifest.json").exists()
    assert sorted(path.name for path in folder.glob("shards/*-of-3/images")) == ["images", "images"]
    list_.write_text(whole)
    wildcards = "dataset=tiny split=train region=body method=mask_out level=medium"
    assert planned(project) == {f"anonymize_shard {wildcards} shard=2 shards=3", f"compose_variant {wildcards}"}
    # Another number of shards anonymizes again, and makes the same bytes.
    project.config["datasets"]["tiny"]["shards"] = 1
    try:
        assert planned(project) == {
            "deal_regions dataset=tiny split=train region=body shards=1",
            f"anonymize_shard {wildcards} shard=1 shards=1",
            f"compose_variant {wildcards}",
        }
        result = project.snakemake(MANIFEST)
        assert result.returncode == 0, result.stdout + result.stderr
        assert files_of(folder) == before
        assert planned(project) == set()
    finally:
        project.config["datasets"]["tiny"]["shards"] = 3
