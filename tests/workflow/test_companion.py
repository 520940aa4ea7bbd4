"""The companion of a killed main process ends what that process started on this machine, and nobody else."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path

import psutil

from anonbench.workflow.companion import companion
from tests.common.test_processes import pid_in
from tests.helpers.ended import has_ended

PARENT = """
import os, subprocess, sys
child = subprocess.Popen(["sleep", "60"])
open(sys.argv[1], "w").write(str(child.pid))
child.wait()
"""


def test_it_kills_what_does_not_end_by_itself(tmp_path: Path) -> None:
    value, jobs = uuid.uuid4().hex, tmp_path / "jobs"
    jobs.mkdir()
    mine = {**os.environ, "A_RUN": value}
    of_the_run = subprocess.Popen(["sleep", "60"], env=mine)
    of_a_cluster = subprocess.Popen(["sleep", "60"], env=mine, start_new_session=True)
    of_another = subprocess.Popen(["sleep", "60"], env={**os.environ, "A_RUN": "another"})
    job = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path / "below")], env=mine)
    below = pid_in(tmp_path / "below", job)
    (jobs / f"a-machine-{job.pid}.json").touch()
    beside = companion("A_RUN", value, jobs)
    assert beside.poll() is None and of_the_run.poll() is None
    beside.stdin.close()
    assert beside.wait(20) == 0
    assert has_ended(of_the_run.pid)
    for spared in (of_a_cluster, of_another, job, psutil.Process(below)):
        assert psutil.Process(spared.pid).status() != psutil.STATUS_ZOMBIE
        spared.kill()
    for process in (of_the_run, of_a_cluster, of_another, job):
        process.wait()
