"""Two studies that share a folder: the second one trains no generator and makes no variant again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from anonbench.common.job_record import JobRecord
from anonbench.common.records import read_record
from anonbench.common.root import ROOT
from tests.study.conftest import toy_config

pytestmark = pytest.mark.slow

GENERATOR = Path("resources/generators/body")
VARIANTS = Path("resources/variants/tiny/train")
JOBS = {
    "generator": "train_generator/body.json",
    "gan": "anonymize_shard/tiny/train/body-gan-medium/1-of-1.json",
    "mask_out": "anonymize_shard/tiny/train/body-mask_out-medium/1-of-1.json",
}


class Study:
    """A study with a folder of its own, of the same datasets and models as the others."""

    def __init__(self, folder: Path, shared: Path, **changes: Any) -> None:
        self.folder = folder
        folder.mkdir()
        splits = {"train": 4, "val": 2, "generator": 4}
        block = {"datasets": ["tiny"], "models": ["det"], "regions": ["body"], "levels": ["medium"]}
        config = {
            "datasets": {"tiny": {"format": "scenes", "splits": splits, "width": 128, "height": 96}},
            "generators": {"body": toy_config()["generators"]["tiny_body"]},
            "models": {"det": toy_config()["models"]["det"]},
            "study": [{**block, "methods": ["gan", "mask_out"]}],
            "shared": str(shared),
        }
        (folder / "my.yaml").write_text(yaml.safe_dump(config | changes))

    def make(self) -> dict[str, bool]:
        """Make the variants; whether each job took its outputs from the shared folder."""
        targets = [str(VARIANTS / f"body-{method}-medium" / "manifest.json") for method in ("gan", "mask_out")]
        command = [sys.executable, "-m", "snakemake", "--cores", "2", "--snakefile", str(ROOT / "Snakefile"), *targets]
        command += ["--directory", str(self.folder), "--configfile", str(self.folder / "my.yaml")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stdout + done.stderr
        return {name: read_record(JobRecord, self.folder / "logs" / log).shared for name, log in JOBS.items()}

    def files(self) -> dict[str, bytes]:
        """The generator's and the variants' files."""
        paths = [GENERATOR / name for name in ("generator.safetensors", "samples.png", "log.json")]
        paths += [path.relative_to(self.folder) for path in (self.folder / VARIANTS).rglob("*") if path.is_file()]
        return {str(path): (self.folder / path).read_bytes() for path in paths}


def test_a_second_study_takes_what_the_first_one_made(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    first, second = Study(tmp_path / "first", shared), Study(tmp_path / "second", shared)
    assert first.make() == {"generator": False, "gan": False, "mask_out": False}
    assert second.make() == {"generator": True, "gan": True, "mask_out": True}
    assert first.files() == second.files()
    assert not (second.folder / GENERATOR / "snapshots").exists()

    # Another generator makes other people; and a damaged entry is made again and replaced.
    (damaged,) = [path for path in shared.glob("variants/*") if b"mask_out" in (path / "entry.json").read_bytes()]
    image = next(path for path in damaged.rglob("*") if path.is_file() and path.name != "entry.json")
    image.write_bytes(image.read_bytes()[:-1])
    generator = toy_config()["generators"]["tiny_body"] | {"seed": 1}
    third = Study(tmp_path / "third", shared, generators={"body": generator})
    assert third.make() == {"generator": False, "gan": False, "mask_out": False}
    assert differing(first, third) == {"generators", "body-gan-medium"}

    # Another recipe of one method.
    fourth = Study(tmp_path / "fourth", shared, methods={"gan": {"medium": {"grow": 0.05}}})
    assert fourth.make() == {"generator": True, "gan": False, "mask_out": True}
    assert differing(first, fourth) == {"body-gan-medium"}


def differing(one: Study, other: Study) -> set[str]:
    """Whether generators differ, and which variants."""
    mine, theirs = one.files(), other.files()
    paths = {path for path in mine.keys() | theirs.keys() if mine.get(path) != theirs.get(path)}
    return {"generators" if path.startswith(str(GENERATOR)) else path.split("/")[4] for path in paths}
