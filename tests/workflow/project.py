"""A copy of the project in a folder of its own, and what Snakemake runs or would run there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
PARTS = ["Snakefile", "rules", "workflow_scripts", "anonbench", "config", "envs", "profiles"]


@dataclass
class Project:
    """A checkout at ``root`` with a configuration of its own on top of the default, and of the files ``below`` it."""

    root: Path
    config: dict[str, Any]
    below: tuple[str, ...] = ()

    @classmethod
    def create(cls, root: Path, config: dict[str, Any], *below: str) -> Project:
        """Copy the working tree's own files to ``root``."""
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, root / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                root.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, root / part)
        return cls(root, config, below)

    def snakemake(self, *arguments: str, cores: int = 2) -> subprocess.CompletedProcess[str]:
        """Run Snakemake here, with this project's configuration as it is now."""
        (self.root / "test.yaml").write_text(yaml.safe_dump(self.config, sort_keys=False))
        command = [sys.executable, "-m", "snakemake", "--cores", str(cores), *arguments]
        command += ["--configfile", *self.below, "test.yaml"]
        return subprocess.run(command, cwd=self.root, capture_output=True, text=True, timeout=900)

    def planned(self, *targets: str) -> set[str]:
        """The jobs that a dry run lists, as ``rule`` or ``rule wildcard=value …`` in the rule's order of wildcards."""
        result = self.snakemake("results/summary.csv", *targets, "--dry-run")
        assert result.returncode == 0, result.stdout + result.stderr
        jobs = set()
        _, *parts = re.split(r"^(?:local)?rule (\w+):$", result.stdout + result.stderr, flags=re.MULTILINE)
        for rule, details in zip(parts[::2], parts[1::2], strict=True):
            wildcards = re.search(r"^ +wildcards: (.*)$", details, re.MULTILINE)
            jobs.add(" ".join([rule, *(wildcards.group(1).split(", ") if wildcards else [])]))
        return jobs

    @contextmanager
    def changed(self, file: str, old: str, new: str) -> Iterator[None]:
        """Replace text in a file of the project, and put it back."""
        path = self.root / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        try:
            yield
        finally:
            path.write_text(text)
