"""Shards as jobs: the same variant whatever their number, and each restartable."""

from __future__ import annotations

import shutil

import pytest

from anonbench.common.images import decode
from anonbench.variants.variant_images import VariantFiles, VariantImages
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


def images_of(project: Project) -> dict[str, bytes]:
    """The variant's images as they are read, and its manifest."""
    manifest = project.root / MANIFEST
    images = VariantImages(
        VariantFiles(manifest=manifest, originals=project.root / "resources/datasets/tiny/images/train")
    )
    return {name: images.read(name).tobytes() for name in images.names} | {"manifest.json": manifest.read_bytes()}


def planned(project: Project) -> set[str]:
    """The jobs of the variant that would run."""
    return {job for job in project.planned(MANIFEST) if job.startswith(("anonymize", "deal", "compose"))}


def test_a_variant_is_three_files_and_two_of_each_shard(project: Project) -> None:
    folder = project.root / VARIANT
    shards = {f"shards/{n}-of-3/{name}" for n in (1, 2, 3) for name in ("edits.zip", "manifest.json")}
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == shards | {"edits.json", "audit.json", "manifest.json"}
    assert planned(project) == set()


def test_a_variant_is_exported_when_it_is_asked_for(project: Project) -> None:
    result = project.snakemake(f"{VARIANT}/images")
    assert result.returncode == 0, result.stdout + result.stderr
    folder, read = project.root / VARIANT / "images", images_of(project)
    assert {path.name: decode(path).tobytes() for path in folder.glob("*.png")} | {
        "manifest.json": read["manifest.json"]
    } == read


def test_a_change_of_composing_anonymizes_nothing_again(project: Project) -> None:
    with project.changed("anonbench/anonymize/compose.py", '"""', '"""Changed. '):
        assert {job.split()[0] for job in planned(project)} == {"compose_variant"}


def test_a_lost_shard_alone_runs_again_and_another_number_makes_the_same_variant(project: Project) -> None:
    folder = project.root / VARIANT
    before = images_of(project)
    (folder / "manifest.json").unlink()
    shutil.rmtree(folder / "shards" / "2-of-3")
    # A shard whose input is broken fails; the others are kept.
    list_ = project.root / "resources/regions/tiny/train/body.shards/3/lists/2.json"
    whole = list_.read_text()
    list_.write_text(whole.replace('"sha256":"', '"sha256":"0'))
    failed = project.snakemake(MANIFEST, "--keep-going")
    assert failed.returncode != 0 and "differs" in failed.stdout + failed.stderr
    assert not (folder / "manifest.json").exists()
    assert sorted(path.parent.name for path in folder.glob("shards/*-of-3/edits.zip")) == ["1-of-3", "3-of-3"]
    list_.write_text(whole)
    wildcards = "dataset=tiny split=train region=body method=mask_out level=medium draw="
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
        assert images_of(project) == before
        assert not (folder / "images").exists()  # what was exported is not of the new manifest
        assert planned(project) == set()
    finally:
        project.config["datasets"]["tiny"]["shards"] = 3
