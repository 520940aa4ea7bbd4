"""A SLURM of one node that the tests of this folder share, and runs of the workflow on it."""

from __future__ import annotations

import fcntl
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from anonbench.common.root import ROOT
from tests.helpers.project import Project
from tests.slurm.one_node import CONFIG, OneNode

PYTHON = ROOT / ".venv-slurm/bin/python"
PROFILE = "profiles/slurm/config.yaml"


@dataclass(frozen=True)
class Job:
    """A job as the controller knows it, also after its end.

    Parameters
    ----------
    rule
        The rule, or the group.
    wildcards
        Their values, joined by underscores; empty for a group.
    gpus, cpus, memory, minutes
        What it asked for; memory in MB.
    state
        SLURM's word.
    """

    id: int
    rule: str
    wildcards: str
    gpus: int
    cpus: int
    memory: int
    minutes: int
    state: str


@dataclass(frozen=True)
class Slurm:
    """The running cluster."""

    node: OneNode

    def project(self, root: Path, config: dict) -> Project:
        """A project whose profile has this cluster's words."""
        project = Project.create(root, config)
        profile = (root / PROFILE).read_text(encoding="utf-8")
        for old, new in {
            "YOUR-PARTITION": "main",
            "YOUR-ACCOUNT": "nobody",
            "max-threads: 32": f"max-threads: {self.node.cpus}",
            "mem_mb: 180000": f"mem_mb: {self.node.memory}",
        }.items():
            assert profile.count(old) == 1
            profile = profile.replace(old, new)
        (root / PROFILE).write_text(profile, encoding="utf-8")
        return project

    def command(self, project: Project, *arguments: str) -> list[str]:
        """What runs Snakemake on the cluster, in the project's folder; it looks for ended jobs as often as it can."""
        quick = ["--slurm-init-seconds-before-status-checks", "1"]
        return [
            str(PYTHON),
            "-m",
            "snakemake",
            "--profile",
            "profiles/slurm",
            *quick,
            *arguments,
            *project.configured(),
        ]

    def run(self, project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        command = self.command(project, *arguments)
        return subprocess.run(command, cwd=project.root, capture_output=True, text=True, timeout=900)

    def jobs(self, printed: str) -> list[Job]:
        """The jobs of the run that printed this, in the order of their submission."""
        run = re.search(r"SLURM run ID: (\S+)", printed).group(1)
        shown = subprocess.run(["scontrol", "show", "jobs", "--oneliner"], capture_output=True, text=True, check=True)
        return [_job(line) for line in shown.stdout.splitlines() if f"JobName={run} " in line]


def _job(line: str) -> Job:
    said = dict(re.findall(r"(\S+?)=(\S*)", line))
    rule, _, wildcards = said["Comment"].removeprefix("rule_").partition("_wildcards_")
    hours, minutes, _ = said["TimeLimit"].split(":")
    gpus = re.search(r"gpu:(\d+)", said.get("TresPerJob", ""))
    return Job(
        id=int(said["JobId"]),
        rule=rule,
        wildcards=wildcards,
        gpus=int(gpus.group(1)) if gpus else 0,
        cpus=int(said["NumCPUs"]),
        memory=int(said["MinMemoryNode"].removesuffix("M")),
        minutes=60 * int(hours) + int(minutes),
        state=said["JobState"],
    )


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Wait while another process of this machine has a cluster here."""
    with (Path(tempfile.gettempdir()) / "anonbench-slurm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """A node with two GPUs and four CPUs; tests skip, and say why, where there can be none."""
    with _one_at_a_time():
        if missing := OneNode.missing():
            pytest.skip(f"needs {missing}")
        if not PYTHON.exists():
            pytest.skip("needs .venv-slurm, which `make setup-slurm` makes")
        node = OneNode(tmp_path_factory.mktemp("slurm") / "node", cpus=4, gpus=2)
        node.start()
        try:
            yield Slurm(node)
        finally:
            node.stop()
        assert not CONFIG.exists() and not node.folder.exists()
        assert [process for process in psutil.process_iter(["cmdline"]) if _is_left(process, node)] == []


def _is_left(process: psutil.Process, node: OneNode) -> bool:
    """Whether it belongs to the cluster, or runs in one of its jobs."""
    command = " ".join(process.info["cmdline"] or [])
    return str(node.folder) in command or command.startswith("slurmstepd") or "slurm-jobstep" in command
