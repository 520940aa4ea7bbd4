"""One run works in a folder at a time, and its jobs end with it, in whatever way it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil
import pytest

from anonbench.common.errors import UserError
from anonbench.common.root import ROOT
from anonbench.workflow import run as run_module
from anonbench.workflow.leftovers import wait_for_leftovers
from anonbench.workflow.part import ABOVE, JOBS, RUN, RUN_FILE, taking_part
from anonbench.workflow.presence import Presence, Worker, last_shown
from anonbench.workflow.run import sole_run
from tests.helpers.ended import has_ended

pytestmark = pytest.mark.slow

SNAKEFILE = f"""
include: "{ROOT}/rules/common.smk"
include: "{ROOT}/rules/run.smk"

rule work:
    output: "done.txt"
    log: "logs/work.log"
    script: "work.py"

rule other:
    output: "other.txt"
    log: "logs/other.log"
    shell: "echo $$ > pids.part; mv pids.part pids; sleep 600; touch {{output}}"

rule plan:
    log: "logs/plan.log"
    shell: "touch planned.txt"
"""

# Until there is a file `go`, the job starts a process of its own and works for ever. With `polite` it takes a moment to
# end, as a training that saves a checkpoint. The output shows how many jobs wrote it.
WORK = """
import os, signal, subprocess, sys, time
from pathlib import Path
from anonbench.workflow.job import job

def told(number, _):
    with open("told.txt", "a") as file:
        print(number, file=file)
    time.sleep(0.5)
    sys.exit(3)

with job(snakemake.log[0]):
    if Path("polite").exists():
        signal.signal(signal.SIGTERM, told)
        signal.signal(signal.SIGINT, told)
    if not Path("go").exists():
        child = subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL)
        Path("pids.part").write_text(f"{os.getpid()} {child.pid}")
        os.rename("pids.part", "pids")
        child.wait()
    with open(snakemake.output[0], "a") as file:
        file.write("done")
"""
LINGER = """
from pathlib import Path
Path("pids.part").write_text(str(os.getpid()))
os.rename("pids.part", "pids")
time.sleep(600)
"""


def _heeding_signals() -> None:
    """As in a terminal; a test run in the background, or under nohup, ignores them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Study:
    """A folder with one rule, and the Snakemake processes that work in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.earlier = uuid.uuid4().hex  # a run that was killed
        self.started: list[subprocess.Popen] = []
        (root / "Snakefile").write_text(SNAKEFILE)
        (root / "work.py").write_text(WORK)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
        command = [sys.executable, "-m", "snakemake", "--cores", "2", *(arguments or ["work"])]
        process = subprocess.Popen(
            command, cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment,
            start_new_session=True, preexec_fn=_heeding_signals,
        )  # fmt: skip
        self.started.append(process)
        return process

    def run(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """The status and what it printed."""
        process = self.start(*arguments, **environment)
        printed, _ = process.communicate(timeout=120)
        return process.returncode, printed

    def working(self, target: str = "work") -> tuple[subprocess.Popen, list[int]]:
        """A run whose job works, and the job's processes."""
        process = self.start(target)
        pids = self.root / "pids"
        while not pids.exists():
            assert process.poll() is None, process.stdout.read()
            time.sleep(0.02)
        return process, [int(pid) for pid in pids.read_text().split()]

    def finishes(self) -> str:
        """Let the job end, go on plainly, and see that one job wrote the output."""
        (self.root / "go").touch()
        status, printed = self.run()
        assert status == 0, printed
        assert (self.root / "done.txt").read_text() == "done"
        return printed


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    study = Study(tmp_path)
    yield study
    for process in study.started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_killed_run_leaves_no_job_and_is_gone_on_with(study: Study) -> None:
    process, pids = study.working()
    process.kill()
    assert all(map(has_ended, pids))
    process.wait()
    assert "To go on: snakemake --cores 2 work" in (study.root / "logs/work.log").read_text()
    printed = study.finishes()
    assert f"(process {process.pid} on" in printed and "did not end by itself" in printed
    assert (study.root / RUN_FILE).read_text() == "" and not list((study.root / JOBS).iterdir())


@pytest.mark.parametrize("killed_by", ["import", "shell"])
def test_what_is_no_job_yet_or_of_another_rule_ends_too(study: Study, killed_by: str) -> None:
    """A script that has not come to its work, and a command that knows nothing of runs."""
    if killed_by == "import":
        (study.root / "work.py").write_text("import os, time\n" + LINGER + "\n" + WORK)
        process, pids = study.working()
    else:
        process, pids = study.working("other")
    process.kill()
    assert all(map(has_ended, pids))


@pytest.mark.parametrize("polite", [False, True])
@pytest.mark.parametrize("group", [False, True])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_within_seconds(study: Study, number: signal.Signals, group: bool, polite: bool) -> None:
    if polite:
        (study.root / "polite").touch()
    process, pids = study.working()
    (os.killpg if group else os.kill)(process.pid, number)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    if polite:
        ended_by = "returned non-zero exit status 3"
    elif group and number == signal.SIGINT:  # of which a job says one line
        ended_by = "returned non-zero exit status 130"
    else:
        ended_by = f"died with <Signals.{number.name if group else 'SIGTERM'}"
    assert ended_by in printed  # and not by SIGKILL, after the grace
    assert all(not psutil.pid_exists(pid) or has_ended(pid) for pid in pids)
    assert "To go on: snakemake --cores 2 work" in printed
    if polite:  # told once: a second signal may mean to end at once
        assert "Traceback" not in printed
        assert (study.root / "told.txt").read_text().split() == [str(int(number if group else signal.SIGTERM))]
    assert (study.root / RUN_FILE).read_text() == ""


def test_a_terminal_that_closes_leaves_no_job(study: Study) -> None:
    (study.root / "polite").touch()
    process, pids = study.working()
    process.send_signal(signal.SIGHUP)
    assert all(map(has_ended, pids))
    process.wait()
    assert (study.root / "told.txt").read_text().split() == [str(int(signal.SIGTERM))]


def test_two_runs_at_once_do_the_work_once(study: Study) -> None:
    (study.root / "go").touch()
    runs = [study.start() for _ in range(4)]
    printed = [run.communicate(timeout=120)[0] for run in runs]
    refused = [text for run, text in zip(runs, printed, strict=True) if run.returncode]
    assert (study.root / "done.txt").read_text() == "done"
    for text in refused:
        assert f"Another run works in {study.root} since" in text and "Traceback" not in text
    # Where one came after the others had ended, it had nothing to do.
    assert sum("Nothing to be done" in text for text in printed) + len(refused) == 3


def test_a_second_run_is_told_who_works_and_touches_nothing(study: Study) -> None:
    process, pids = study.working()
    status, printed = study.run()
    assert status == 1
    assert f"process {process.pid} on" in printed and "`snakemake --cores 2 work`" in printed
    assert "Traceback" not in printed and "Building DAG" not in printed
    assert all(map(psutil.pid_exists, pids))
    (job,) = (study.root / JOBS).iterdir()
    assert last_shown(job).run == last_shown(study.root / RUN_FILE).run != ""
    status, printed = study.run("--dry-run", "work")
    assert status == 0 and f"A run works here (process {process.pid} on" in printed
    status, printed = study.run("plan")
    assert status == 0 and (study.root / "planned.txt").exists()
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)


def test_a_lock_that_snakemake_left_stops_nobody(study: Study) -> None:
    locks = study.root / ".snakemake" / "locks"
    locks.mkdir(parents=True)
    (locks / "0.output.lock").write_text("done.txt\n")
    study.finishes()


def test_no_lock_runs_where_another_one_works(study: Study) -> None:
    with Presence(study.root / RUN_FILE) as presence:
        presence.show(Worker.this("another", "snakemake"))
        (study.root / "go").touch()
        status, printed = study.run("--nolock", "work")
    assert status == 0, printed


def test_whatever_a_killed_run_left_is_waited_for(study: Study) -> None:
    """Also what is no job of this workflow: it knows its run by the environment."""
    with Presence(study.root / RUN_FILE) as presence:
        presence.show(Worker.this(study.earlier, "snakemake"))  # and never cleared
    left = subprocess.Popen(["sleep", "600"], env={**os.environ, RUN: study.earlier})
    (study.root / "go").touch()
    run = study.start()
    lines = iter(run.stdout.readline, "")
    said = next(line for line in lines if "at work" in line)
    assert f"process {left.pid} at work" in said and f"kill {left.pid}" in said
    assert not (study.root / "done.txt").exists()
    left.kill()
    left.wait()
    run.communicate(timeout=60)
    assert run.returncode == 0 and (study.root / "done.txt").read_text() == "done"


def test_what_a_refused_run_waited_for_the_next_one_waits_for_too(study: Study, monkeypatch) -> None:
    monkeypatch.chdir(study.root)
    monkeypatch.setattr(run_module, "wait_for_leftovers", partial(wait_for_leftovers, patience=0))
    with Presence(RUN_FILE) as presence:
        presence.show(Worker.this(study.earlier, "snakemake"))
    left = subprocess.Popen(["sleep", "600"], env={**os.environ, RUN: study.earlier})
    for _ in range(2):
        with pytest.raises(UserError, match=f"kill {left.pid}"), sole_run("snakemake", print):
            pytest.fail("It runs beside what is left.")
    left.kill()
    left.wait()
    with sole_run("snakemake", print):
        assert os.environ[RUN] == last_shown(RUN_FILE).run
        assert last_shown(RUN_FILE).after == []
    assert RUN not in os.environ and last_shown(RUN_FILE) is None


# On a cluster, Snakemake starts itself for each job, on another machine or at another time.


def submitted(study: Study, run: str) -> subprocess.Popen:
    arguments = ["--mode", "remote", "--nolock", "--force", "--target-jobs", "work:", "--allowed-rules", "work"]
    return study.start(*arguments, **{RUN: run, ABOVE: "elsewhere 1", "SLURM_JOB_ID": "12"})


def remote(study: Study, run: str) -> tuple[int, str]:
    """Its status and what it printed."""
    process = submitted(study, run)
    printed, _ = process.communicate(timeout=120)
    return process.returncode, printed


def test_a_queued_job_whose_run_has_ended_touches_nothing(study: Study) -> None:
    (study.root / "go").touch()
    (study.root / "done.txt").write_text("whole")
    with Presence(study.root / RUN_FILE) as presence:
        presence.show(Worker.this(study.earlier, "snakemake --cores 2 work"))
    status, printed = remote(study, study.earlier)
    assert status == 1 and "The run that submitted this job has ended" in printed
    assert "To go on: snakemake --cores 2 work" in printed
    assert (study.root / "done.txt").read_text() == "whole"


def test_a_queued_job_of_an_earlier_run_touches_nothing_while_the_next_one_works(study: Study) -> None:
    (study.root / "go").touch()
    with Presence(study.root / RUN_FILE) as presence:
        presence.show(Worker.this("next", "snakemake"))
        assert remote(study, study.earlier)[0] == 1
        assert not (study.root / "done.txt").exists()
        status, printed = remote(study, "next")
    assert status == 0, printed
    assert (study.root / "done.txt").read_text() == "done"


def test_a_job_in_a_container_that_sees_nobody_above_asks_for_its_run(study: Study, monkeypatch) -> None:
    monkeypatch.chdir(study.root)
    monkeypatch.setenv(ABOVE, "elsewhere 1")
    monkeypatch.setenv(RUN, "next")
    with Presence(RUN_FILE) as presence:
        presence.show(Worker.this("next", "snakemake"))
        with taking_part("a.log", print):
            assert last_shown(*JOBS.iterdir()).task == "a.log"
    assert not list(JOBS.iterdir())
    with pytest.raises(UserError, match="has ended"), taking_part("a.log", print):
        pytest.fail("It works without its run.")


def test_a_living_cluster_job_is_named_with_the_command_that_ends_it(study: Study) -> None:
    with Presence(study.root / RUN_FILE) as presence:
        presence.show(Worker.this(study.earlier, "snakemake"))
        job = submitted(study, study.earlier)
        while not (study.root / "pids").exists():
            assert job.poll() is None, job.stdout.read()
            time.sleep(0.02)
    next_run = study.start()
    said = next(line for line in iter(next_run.stdout.readline, "") if "at work" in line)
    assert "SLURM job 12 at work" in said and "scancel 12" in said
    os.killpg(job.pid, signal.SIGTERM)  # as scancel does
    job.communicate(timeout=30)
    (study.root / "go").touch()
    printed, _ = next_run.communicate(timeout=60)
    assert next_run.returncode == 0, printed
    assert (study.root / "done.txt").read_text() == "done"
