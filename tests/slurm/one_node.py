#!/usr/bin/env python3
"""A real SLURM of one node on this machine: a controller, a node and their authentication, on loopback alone.

    sudo tests/slurm/one_node.py start    # needs slurmctld, slurmd and munged, and root
    sudo tests/slurm/one_node.py stop     # ends every job and process, and removes every file

The node has a GPU that is none (its file is ``/dev/null``), so that requests for one are scheduled, and the one
partition ``main``. There is no accounting database; what ended is listed in ``jobs.txt`` of the folder.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "scontrol")
# Jobs find the controller by this file: what runs in a job has no SLURM_CONF.
CONFIG = Path("/etc/slurm/slurm.conf")
FOLDER = Path(tempfile.gettempdir(), "anonbench-slurm")

SLURM_CONF = """\
ClusterName=onenode
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge

StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log

# No control groups and no database: they need more of a machine than a test may ask for.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/jobs.txt
# A job is killed for memory when it is seen with more than it asked for, once a second.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill

SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0,defer=no
SchedulerType=sched/builtin
KillWait=5
MinJobAge=86400
ReturnToService=2

GresTypes=gpu
# What the node has is as said here, not as found.
SlurmdParameters=config_overrides
NodeName=localhost NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} TmpDisk=1000000 Gres=gpu:{gpus} State=UNKNOWN
PartitionName=main Nodes=localhost Default=YES MaxTime=INFINITE State=UP
"""


@dataclass(frozen=True)
class OneNode:
    """The cluster whose files are in a folder.

    Parameters
    ----------
    folder
        Made by :meth:`start` and removed by :meth:`stop`.
    cpus, memory, gpus
        What the node offers; memory in MB, one or two GPUs. They may be more than the machine has.
    """

    folder: Path = FOLDER
    cpus: int = 8
    memory: int = 64_000
    gpus: int = 1

    @staticmethod
    def missing() -> str | None:
        """What this machine lacks to run one, or None."""
        absent = [program for program in PROGRAMS if shutil.which(program) is None]
        if absent:
            return f"{', '.join(absent)} (Debian's packages slurm-wlm and munge)"
        return None if os.geteuid() == 0 else "root, as whom SLURM's node starts jobs"

    def start(self) -> None:
        """Start munge, the controller and the node, and wait until the node takes jobs.

        Raises
        ------
        RuntimeError
            If something is missing, a cluster is configured here already, or the node does not come up in 30 s.
        """
        if missing := self.missing():
            raise RuntimeError(f"A SLURM of one node needs {missing}.")
        if CONFIG.is_symlink() and not _lives(_pid(CONFIG.readlink().with_name("slurmctld.pid"))):
            OneNode(CONFIG.readlink().parent).stop()  # its controller was killed
        try:
            CONFIG.parent.mkdir(exist_ok=True)
            CONFIG.symlink_to(self.folder / "slurm.conf")
        except FileExistsError:
            raise RuntimeError(
                f"{CONFIG} exists. If another SLURM of one node runs here, stop it: "
                f"{Path(__file__).name} stop --folder {CONFIG.resolve().parent}"
            ) from None
        self.folder.mkdir(mode=0o755, parents=True)
        try:
            self._write_files()
            munge = self.folder / "munge"
            _run(
                "munged", f"--key-file={munge}/key", f"--socket={munge}/socket", f"--pid-file={munge}/pid",
                f"--log-file={munge}/log", f"--seed-file={munge}/seed", "--num-threads=2",
                "--force",  # the folder may be root's alone, as whom all runs
            )  # fmt: skip
            config = str(self.folder / "slurm.conf")  # beside which the node finds gres.conf
            _run("slurmctld", "-c", "-f", config)
            _run("slurmd", "-c", "-N", "localhost", "-f", config)
            if not _comes_true(self._takes_jobs, 30):
                logs = "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))
                raise RuntimeError(f"The node does not take jobs.\n{logs}")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End all jobs and processes, and remove the folder."""
        if self._answers():
            subprocess.run(["scancel", "--full", "--signal=KILL", "--state=RUNNING"], capture_output=True)
            subprocess.run(["scancel", "--state=PENDING"], capture_output=True)
        for name in ("slurmd.pid", "slurmctld.pid", "munge/pid"):
            _end(self.folder / name)
        if CONFIG.is_symlink() and CONFIG.readlink() == self.folder / "slurm.conf":
            CONFIG.unlink()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write_files(self) -> None:
        for name in ("munge", "state", "spool"):
            (self.folder / name).mkdir(mode=0o755)
        key = self.folder / "munge/key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(128))
        settings = SLURM_CONF.format(
            folder=self.folder, user="root", cpus=self.cpus, memory=self.memory, gpus=self.gpus,
            controller=_free_port(), node=_free_port(),
        )  # fmt: skip
        (self.folder / "slurm.conf").write_text(settings, encoding="utf-8")
        gpus = [f"NodeName=localhost Name=gpu File={file}\n" for file in ("/dev/null", "/dev/zero")[: self.gpus]]
        (self.folder / "gres.conf").write_text("".join(gpus), encoding="utf-8")

    def _answers(self) -> bool:
        return (self.folder / "slurmctld.pid").exists() and _succeeds("scontrol", "ping")

    def _takes_jobs(self) -> bool:
        found = subprocess.run(["sinfo", "--noheader", "--format=%T"], capture_output=True, text=True)
        return found.stdout.strip() == "idle"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command[0]} does not start: {done.stderr.strip()}")


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True).returncode == 0


def _comes_true(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not (true := condition()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return true


def _pid(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def _lives(pid: int | None) -> bool:
    """Whether there is such a process, and it has not ended while nobody waits for it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _end(pid_file: Path) -> None:
    """End the process whose id a file holds, and wait for it."""
    if not _lives(pid := _pid(pid_file)):
        return
    os.kill(pid, signal.SIGTERM)
    if not _comes_true(lambda: not _lives(pid), 15):
        os.kill(pid, signal.SIGKILL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("do", choices=["start", "stop"])
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--cpus", type=int, default=OneNode.cpus)
    parser.add_argument("--memory", type=int, default=OneNode.memory, help="MB")
    asked = parser.parse_args()
    cluster = OneNode(asked.folder.resolve(), asked.cpus, asked.memory)
    try:
        cluster.start() if asked.do == "start" else cluster.stop()
    except RuntimeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
