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

from anonbench.common.root import ROOT

PARTS = ["Snakefile", "rules", "workflow_scripts", "anonbench", "config", "envs", "profiles", "docs/terms.md"]


@dataclass
class Project:
    """A checkout at ``root`` with a configuration of its own on top of the default, and of the files ``below`` it."""

    root: Path
    config: dict[str, Any]
    below: tuple[str, ...] = ()

    @classmethod
    def create(cls, root: Path, config: dict[str, Any], *below: str) -> Project:
        """Copy the working tree's own files to ``root``, in place of those that are there."""
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.rmtree(root / part, ignore_errors=True)
                shutil.copytree(source, root / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                (root / part).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, root / part)
        return cls(root, config, below)

    def merged(self) -> dict[str, Any]:
        """The configuration as Snakemake merges it of the default, the files below, and this project's own."""
        from snakemake.utils import update_config

        merged: dict[str, Any] = {}
        for file in ("config/config.yaml", *self.below):
            update_config(merged, yaml.safe_load((self.root / file).read_text(encoding="utf-8")))
        update_config(merged, self.config)
        return merged

    def command(self, *arguments: str, cores: int = 2) -> list[str]:
        """What runs Snakemake in :attr:`root`, with this project's configuration as it is now."""
        return [sys.executable, "-m", "snakemake", "--cores", str(cores), *arguments, *self.configured()]

    def configured(self) -> list[str]:
        """The arguments, the last ones, that make Snakemake read this project's configuration as it is now."""
        (self.root / "test.yaml").write_text(yaml.safe_dump(self.config, sort_keys=False))
        return ["--configfile", *self.below, "test.yaml"]

    def snakemake(self, *arguments: str, cores: int = 2) -> subprocess.CompletedProcess[str]:
        """Run Snakemake here."""
        command = self.command(*arguments, cores=cores)
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
