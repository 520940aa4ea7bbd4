"""Kill a study at random moments, go on plainly each time, and compare it with one that nobody disturbed.

    python -m tests.study.drill --moments 20
    python -m tests.study.drill --moments 20 --config my.yaml --reference results/summary.csv --span 600

A copy of the project runs in a folder of its own. In turn its main process, one of its jobs and its whole process group
are killed with SIGKILL, and the same command goes on. At the end the target has the bytes of the undisturbed run, no
process is left, and no job that had finished ran again.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path

import psutil
import yaml

from anonbench.common.watch import started_with
from tests.helpers.project import Project

VICTIMS = ("main process", "job", "process group")
MARK = "ANONBENCH_DRILL"  # in the environment of every process of a drill
START_UP = 1.5  # s, before which Snakemake has started no job
LONG_ENOUGH = 8.0  # s, in which every job of the small study ends
PATIENCE = 120  # s
TARGET = "results/summary.csv"


def drill_config() -> dict:
    """A study of half a minute with every stage."""
    variants = {"datasets": ["tiny"], "models": ["pose"], "regions": ["body"], "levels": ["medium"]}
    splits = {"train": 8, "val": 4, "generator": 4}
    size = {"width": 32, "height": 64, "channels": 4, "epochs": 2, "batch": 4}
    learns = {"dataset": "tiny", "split": "generator"}
    return {
        "datasets": {"tiny": {"format": "scenes", "splits": splits, "width": 128, "height": 96, "seed": 1}},
        "generators": {"tiny_body": {"region": "body", "learns": learns, "serves": ["tiny"], **size}},
        "models": {"pose": {"config": "config/models/td-hm_mobilenetv2_toy.py", "tasks": ["pose"]}},
        "study": [{**variants, "methods": ["blur", "gan"]}],
    }


@dataclass
class Moment:
    """What was killed how many seconds after a run's start, and what came of it."""

    victim: str
    after: float
    running: set[str]  # the jobs that had begun and not finished
    left_for: float  # s until no process of the run was left
    again: set[str] = field(default_factory=set)  # those that the next run began again


@dataclass
class Drill:
    """A project that is disturbed, and what has become of it."""

    project: Project
    random: random.Random
    target: str = TARGET
    cores: int = 2
    finished: set[str] = field(default_factory=set)
    moments: list[Moment] = field(default_factory=list)
    logs: set[Path] = field(default_factory=set)  # of the runs before
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    def run(self, victims: Sequence[str], longest: float) -> list[Moment]:
        """Kill one victim after the other, each up to ``longest`` s after the first jobs begin, then let it end."""
        for victim in victims:
            process = self._start()
            after = self.random.uniform(0, longest) + START_UP
            self._wait(process, after, victim)
            if process.poll() is None:
                self._kill(process, victim, after)
                continue
            break
        else:
            process = self._start()
        assert process.wait() == 0, self._said()
        self._compare()
        return self.moments

    def _start(self) -> subprocess.Popen:
        self.logs = self._logs()
        with open(self.project.root / "drill.log", "a") as stream:
            return subprocess.Popen(
                self.project.command(self.target, cores=self.cores),
                cwd=self.project.root,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env={**os.environ, MARK: self.mark},
                start_new_session=True,
            )

    def _wait(self, process: subprocess.Popen, seconds: float, victim: str) -> None:
        until = time.monotonic() + seconds
        while process.poll() is None and (time.monotonic() < until or (victim == "job" and not self._jobs(process))):
            time.sleep(0.02)

    def _kill(self, process: subprocess.Popen, victim: str, after: float) -> None:
        if victim == "main process":
            process.kill()
        elif victim == "process group":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            for job in self.random.sample(self._jobs(process), 1):
                job.kill()
            process.wait()  # for its other jobs
        killed = time.monotonic()
        process.wait()
        while started_with(MARK, [self.mark]):
            assert time.monotonic() < killed + PATIENCE, f"processes are left: {started_with(MARK, [self.mark])}"
            time.sleep(0.02)
        left_for = time.monotonic() - killed
        begun, finished = self._compare()
        self.moments.append(Moment(victim, after, begun - finished, left_for))

    def _compare(self) -> tuple[set[str], set[str]]:
        """The jobs that the run which has just ended began and finished; compared with those before, and remembered."""
        begun, finished = jobs_of(self._said())
        assert not begun & self.finished, f"ran again although finished: {sorted(begun & self.finished)}"
        if self.moments:
            self.moments[-1].again = begun & self.moments[-1].running
        self.finished |= finished
        return begun, finished

    def _said(self) -> str:
        """Snakemake's own log of the run that has just ended, which may have been too short for one."""
        return "".join(path.read_text(encoding="utf-8") for path in self._logs() - self.logs)

    def _logs(self) -> set[Path]:
        return set((self.project.root / ".snakemake" / "log").glob("*.log"))

    @staticmethod
    def _jobs(process: subprocess.Popen) -> list[psutil.Process]:
        below = psutil.Process(process.pid).children(recursive=True)
        return [one for one in below if ".snakemake/scripts/" in " ".join(one.cmdline())]


def jobs_of(log: str) -> tuple[set[str], set[str]]:
    """The jobs that began and that finished, as ``rule wildcard=value …``, by a log of Snakemake's."""
    names = {}
    for rule, details in re.findall(r"^(?:local)?rule (\w+):\n((?: {4}.*\n)+)", log, re.MULTILINE):
        wildcards = re.search(r"^ +wildcards: (.*)$", details, re.MULTILINE)
        number = re.search(r"^ +jobid: (\d+)$", details, re.MULTILINE).group(1)
        names[number] = " ".join([rule, *(wildcards.group(1).split(", ") if wildcards else [])])
    return set(names.values()), {names[number] for number in re.findall(r"^Finished jobid: (\d+)", log, re.MULTILINE)}


def undisturbed(project: Project, target: str, cores: int) -> tuple[bytes, float]:
    """The target's bytes, and the seconds that it takes."""
    start = time.monotonic()
    result = project.snakemake(target, cores=cores)
    assert result.returncode == 0, result.stdout + result.stderr
    return (project.root / target).read_bytes(), time.monotonic() - start


def as_markdown(moments: list[Moment]) -> str:
    """A table with a line for each moment."""
    lines = ["| moment | killed | s after the start | s until no process was left | cut off | begun again |"]
    lines.append("|---|---|---|---|---|---|")
    for number, moment in enumerate(moments, 1):
        jobs = [", ".join(sorted(part)) or "–" for part in (moment.running, moment.again)]
        lines.append(
            f"| {number} | {moment.victim} | {moment.after:.1f} | {moment.left_for:.2f} | {' | '.join(jobs)} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--target", default=TARGET)
    parser.add_argument("--folder", type=Path, help="default: a new temporary one")
    parser.add_argument("--config", type=Path, help="a configuration of the study; default: a study of half a minute")
    parser.add_argument("--reference", type=Path, help="the target of an undisturbed run; default: run it first")
    parser.add_argument("--span", type=float, help="the seconds that it took; needed with --reference")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="drill-"))
    config = yaml.safe_load(options.config.read_text(encoding="utf-8")) if options.config else drill_config()
    if options.reference:
        expected, span = options.reference.read_bytes(), options.span
    else:
        expected, span = undisturbed(Project.create(folder / "undisturbed", config), options.target, options.cores)
    print(f"undisturbed: {span:.0f} s", flush=True)
    moments, same, chance = [], True, random.Random(options.seed)
    longest = max(2 * span / options.moments, LONG_ENOUGH)
    while len(moments) < options.moments:  # a study that is complete before all moments have passed begins anew
        project = Project.create(folder / f"disturbed after {len(moments)} moments", config)
        victims = list(islice(cycle(VICTIMS), len(moments), options.moments))
        moments += Drill(project, chance, options.target, options.cores).run(victims, longest)
        same &= (project.root / options.target).read_bytes() == expected
    print(as_markdown(moments))
    print(f"{len(moments)} moments; {options.target} {'has the same bytes' if same else 'DIFFERS'}; {folder}")
    raise SystemExit(not same)


if __name__ == "__main__":
    main()
