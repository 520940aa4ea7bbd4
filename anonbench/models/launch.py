"""One training on one device in this process, or on several through torchrun, with one process for each.

Three kinds of processes for several: the caller, torchrun's agent, and the agent's workers. Each ends when the one
above it ends, in whatever way, so that a killed job leaves no writer behind. The first worker that fails ends the
others, and the caller raises the same error.

A scheduler or a terminal may ask all of them to end, or the caller alone. Only the caller listens; it tells the agent
by another signal, which the agent passes on, and the workers stop after the same step with their state saved.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import NoReturn

import torch

from anonbench.common.errors import UserError
from anonbench.common.faults import explained, killed
from anonbench.common.logs import log_files, log_to
from anonbench.common.processes import end_with_parent
from anonbench.common.root import ROOT
from anonbench.common.stopping import ENDING, FORWARDED, Request, Stopped
from anonbench.common.validation import Model
from anonbench.config.runtime import RuntimeConfig
from anonbench.models.training import Training

ORDER = "order.json"
KILLED = "killed.txt"
PATIENCE = 60  # s that workers have to save their state, or to end after another one's error


class Order(Model):
    """What a worker has to do."""

    training: Training
    log_files: list[str]


def start(training: Training, threads: int | None = None) -> None:
    """Train as :func:`anonbench.models.train.train` does, on ``runtime.gpus`` devices of this machine.

    Each process has a CUDA device of its own; with the device ``cpu`` all compute on the CPU.

    Parameters
    ----------
    training
        What is trained.
    threads
        For all processes together; by default, each has ``runtime.threads``.

    Raises
    ------
    UserError
        As there, if there are not as many devices, or if a process of several is killed.
    Stopped
        If this process was asked to end.
    RuntimeError
        If a process of several fails otherwise, with its traceback.
    """
    if threads is not None:
        training = _changed(training, threads=max(1, threads // training.runtime.gpus))
    runtime = training.runtime
    if runtime.gpus == 1:
        from anonbench.models.train import train

        train(training)
        return
    _check_devices(runtime)
    with tempfile.TemporaryDirectory() as folder:
        order = Order(training=training, log_files=log_files())
        Path(folder, ORDER).write_text(order.model_dump_json(), encoding="utf-8")
        with Request() as request:
            agent = subprocess.Popen(
                [sys.executable, "-m", __name__, "agent", folder, str(runtime.gpus)],
                env={**os.environ, "OMP_NUM_THREADS": str(runtime.threads), "PYTHONPATH": _python_path()},
            )
            try:
                status = _wait(agent, request)
            finally:
                if agent.poll() is None:
                    agent.kill()
                    agent.wait()
        if status:
            raise _reason(Path(folder), status, request)


def _wait(agent: subprocess.Popen, request: Request) -> int:
    """Wait for the agent's status; tell it once when this process is asked to end."""
    told = False
    while True:
        try:
            return agent.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            if request.signal and not told:
                agent.send_signal(FORWARDED)
                told = True


def _changed(training: Training, **runtime: str | int) -> Training:
    return training.model_copy(update={"runtime": training.runtime.model_copy(update=runtime)})


def _check_devices(runtime: RuntimeConfig) -> None:
    if runtime.device == "cpu":
        return
    if runtime.device not in ("auto", "cuda"):
        raise UserError(
            f"runtime.device names one device, {runtime.device}, and runtime.gpus is {runtime.gpus}.",
            "Set runtime.device to auto, and choose devices by CUDA_VISIBLE_DEVICES.",
        )
    if torch.cuda.device_count() < runtime.gpus:
        raise UserError(
            f"runtime.gpus is {runtime.gpus}, but this machine offers {torch.cuda.device_count()} CUDA devices.",
            "Lower runtime.gpus, or ask the scheduler for as many.",
        )


def _python_path() -> str:
    """Where the processes find this library, whatever their folder is."""
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))


def _reason(folder: Path, status: int, request: Request) -> Exception:
    """Why there is no model: what the first worker that failed raised, because the others fail when it is gone."""
    errors = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("error-*.json")]
    if request.signal and not errors:
        return Stopped(request.signal)
    if (found := folder / KILLED).exists():
        return killed(found.read_text(encoding="utf-8"))
    if not errors:
        return RuntimeError(f"The training processes ended with status {status} and no error of their own.")
    first = min(errors, key=lambda error: error["time"])
    if "fix" in first:
        return UserError(first["problem"], first["fix"])
    return RuntimeError(f"Training process {first['rank']} failed:\n{first['problem']}")


def _agent(folder: str, processes: str) -> None:
    """Run torchrun's agent, without its own report of a failure, which would end in its traceback."""
    end_with_parent()
    for number in ENDING:  # workers inherit it
        signal.signal(number, signal.SIG_IGN)
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import main

    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)
    words = ["--standalone", f"--nproc-per-node={processes}"]
    words += [f"--signals-to-handle={FORWARDED.name}", f"--shutdown-timeout={PATIENCE}"]
    try:
        main([*words, "-m", __spec__.name, "worker", folder])
    except SignalException:
        sys.exit(1)
    except ChildFailedError as error:
        if dead := [failure.exitcode for failure in error.failures.values() if failure.exitcode < 0]:
            Path(folder, KILLED).write_text(signal.Signals(-dead[0]).name, encoding="utf-8")
        sys.exit(1)


def _worker(folder: str) -> None:
    """Train as one process of several."""
    end_with_parent()
    rank = int(os.environ["RANK"])
    try:
        _train_as(rank, Order.model_validate_json(Path(folder, ORDER).read_text(encoding="utf-8")))
    except Stopped:
        _end()
    except Exception as error:
        told = explained(error)
        if told is None:
            _tell(Path(folder), rank, problem=traceback.format_exc())
        _tell(Path(folder), rank, problem=told.problem, fix=told.fix)


def _train_as(rank: int, order: Order) -> None:
    from anonbench.models.train import train

    if rank == 0:
        log_to(order.log_files)
    training = order.training
    if training.runtime.device == "cpu":
        torch.distributed.init_process_group("gloo")
    else:
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        training = _changed(training, device=device)
        torch.cuda.set_device(device)
        torch.distributed.init_process_group("nccl")
    train(training)
    torch.distributed.destroy_process_group()


def _tell(folder: Path, rank: int, **error: str) -> NoReturn:
    """Leave an error for the caller, and end."""
    record = {"rank": rank, "time": time.time(), **error}
    partial = folder / f"error-{rank}.part"
    partial.write_text(json.dumps(record), encoding="utf-8")
    partial.rename(folder / f"error-{rank}.json")
    _end()


def _end() -> NoReturn:
    """End with a status that makes the agent end the other workers."""
    sys.stderr.flush()
    os._exit(1)  # a process group that waits for the others would hold up an ordinary exit


if __name__ == "__main__":
    {"agent": _agent, "worker": _worker}[sys.argv[1]](*sys.argv[2:])
