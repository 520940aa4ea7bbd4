"""One training on one device in this process, or on several through torchrun, with one process for each.

Three kinds of processes for several: the caller, torchrun's agent, and the agent's workers. Each ends when the one
above it ends, in whatever way, so that a killed job leaves no writer behind. The first worker that fails ends the
others, and the caller raises the same error.
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

import torch

from anonbench.common.errors import UserError
from anonbench.common.logs import log_files, log_to
from anonbench.common.processes import end_with_parent
from anonbench.common.root import ROOT
from anonbench.common.validation import Model
from anonbench.config.runtime import RuntimeConfig
from anonbench.models.training import Training

ORDER = "order.json"


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
        As there, or if there are not as many devices.
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
        agent = subprocess.Popen(
            [sys.executable, "-m", __name__, "agent", folder, str(runtime.gpus)],
            env={**os.environ, "OMP_NUM_THREADS": str(runtime.threads), "PYTHONPATH": _python_path()},
        )
        try:
            status = agent.wait()
        finally:
            if agent.poll() is None:
                agent.terminate()
                agent.wait()
        if status:
            raise _first_error(Path(folder), status)


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


def _first_error(folder: Path, status: int) -> Exception:
    """What the first worker that failed raised: the others fail because it is gone."""
    errors = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("error-*.json")]
    if not errors:
        return RuntimeError(
            f"The training processes ended with status {status} and no error of their own: one was killed, "
            "perhaps because memory ran out."
        )
    first = min(errors, key=lambda error: error["time"])
    if "fix" in first:
        return UserError(first["problem"], first["fix"])
    return RuntimeError(f"Training process {first['rank']} failed:\n{first['problem']}")


def _agent(folder: str, processes: str) -> None:
    """Run torchrun's agent, without its own report of a failure, which would end in its traceback."""
    end_with_parent(signal.SIGTERM)  # on which it ends its workers
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import main

    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)
    try:
        main(["--standalone", f"--nproc-per-node={processes}", "-m", __spec__.name, "worker", folder])
    except (ChildFailedError, SignalException):
        sys.exit(1)


def _worker(folder: str) -> None:
    """Train as one process of several."""
    end_with_parent(signal.SIGKILL)
    rank = int(os.environ["RANK"])
    try:
        _train_as(rank, Order.model_validate_json(Path(folder, ORDER).read_text(encoding="utf-8")))
    except UserError as error:
        _tell(Path(folder), rank, problem=error.problem, fix=error.fix)
    except Exception:
        _tell(Path(folder), rank, problem=traceback.format_exc())


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


def _tell(folder: Path, rank: int, **error: str) -> None:
    """Leave an error for the caller and end with a status that makes the agent end the other workers."""
    record = {"rank": rank, "time": time.time(), **error}
    partial = folder / f"error-{rank}.part"
    partial.write_text(json.dumps(record), encoding="utf-8")
    partial.rename(folder / f"error-{rank}.json")
    sys.stderr.flush()
    os._exit(1)  # a process group that waits for the others would hold up an ordinary exit


if __name__ == "__main__":
    {"agent": _agent, "worker": _worker}[sys.argv[1]](*sys.argv[2:])
