"""One training on one device in this process, or on several through torchrun, with one process for each.

Three kinds of processes for several: the caller, torchrun's agent, and the agent's workers. Each ends when the one
above it ends, in whatever way, so that a killed job leaves no writer behind. The first worker that fails ends the
others, and the caller raises what it raised.
"""

from __future__ import annotations

import ctypes
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
from typing import Any

import torch

from anonbench.common.errors import UserError
from anonbench.common.root import ROOT

PATHS = ("model_config", "annotations", "images_dir", "out_dir")


def start(gpus: int = 1, **arguments: Any) -> None:
    """Train as :func:`anonbench.models.train.train` does, on ``gpus`` devices of this machine.

    Parameters
    ----------
    gpus
        Processes, each with a CUDA device of its own; with the device ``cpu`` all compute on the CPU.
    **arguments
        Of :func:`anonbench.models.train.train`.

    Raises
    ------
    UserError
        As there, or if there are not as many devices.
    RuntimeError
        If a process of several fails otherwise, with its traceback.
    """
    if gpus == 1:
        from anonbench.models.train import train

        train(**arguments)
        return
    _check_devices(arguments.get("device", "auto"), gpus)
    with tempfile.TemporaryDirectory() as folder:
        spec = {**arguments, **{key: str(arguments[key]) for key in PATHS}, "log_files": _log_files()}
        Path(folder, "spec.json").write_text(json.dumps(spec), encoding="utf-8")
        agent = subprocess.Popen(
            [sys.executable, "-m", __name__, "agent", folder, str(gpus)],
            env={**os.environ, "OMP_NUM_THREADS": str(arguments.get("threads", 1)), "PYTHONPATH": _python_path()},
        )
        try:
            status = agent.wait()
        finally:
            if agent.poll() is None:
                agent.terminate()
                agent.wait()
        if status:
            raise _first_error(Path(folder), status)


def _check_devices(device: str, gpus: int) -> None:
    if device == "cpu":
        return
    if device not in ("auto", "cuda"):
        raise UserError(
            f"runtime.device names one device, {device}, and runtime.gpus is {gpus}.",
            "Set runtime.device to auto, and choose devices by CUDA_VISIBLE_DEVICES.",
        )
    if torch.cuda.device_count() < gpus:
        raise UserError(
            f"runtime.gpus is {gpus}, but this machine offers {torch.cuda.device_count()} CUDA devices.",
            "Lower runtime.gpus, or ask the scheduler for as many.",
        )


def _python_path() -> str:
    """Where the processes find this library, whatever their folder is."""
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))


def _log_files() -> list[str]:
    handlers = logging.getLogger("anonbench").handlers
    return [handler.baseFilename for handler in handlers if isinstance(handler, logging.FileHandler)]


def _first_error(folder: Path, status: int) -> Exception:
    """What the first worker that failed raised: the others fail for want of it."""
    errors = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("error-*.json")]
    if not errors:
        return RuntimeError(
            f"The training processes ended with status {status} and no error of their own. One was killed, "
            "perhaps for want of memory."
        )
    first = min(errors, key=lambda error: error["time"])
    if "mend" in first:
        return UserError(first["what"], first["mend"])
    return RuntimeError(f"Training process {first['rank']} failed:\n{first['what']}")


def _agent(folder: str, processes: str) -> None:
    """Run torchrun's agent; its own account of a failure, which ends in its traceback, is left out."""
    _end_with_parent(signal.SIGTERM)  # on which it ends its workers
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
    _end_with_parent(signal.SIGKILL)
    rank = int(os.environ["RANK"])
    try:
        _train_as(rank, json.loads(Path(folder, "spec.json").read_text(encoding="utf-8")))
    except UserError as error:
        _tell(Path(folder), rank, what=error.what, mend=error.mend)
    except Exception:
        _tell(Path(folder), rank, what=traceback.format_exc())


def _train_as(rank: int, spec: dict[str, Any]) -> None:
    from anonbench.models.train import train

    log_files = spec.pop("log_files")
    if rank == 0:
        log = logging.getLogger("anonbench")
        log.setLevel(logging.INFO)
        for handler in (logging.StreamHandler(), *(logging.FileHandler(file, "a", "utf-8") for file in log_files)):
            handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
            log.addHandler(handler)
    spec.update({key: Path(spec[key]) for key in PATHS})
    if spec.get("device", "auto") == "cpu":
        torch.distributed.init_process_group("gloo")
    else:
        spec["device"] = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(spec["device"])
        torch.distributed.init_process_group("nccl")
    train(**spec)
    torch.distributed.destroy_process_group()


def _tell(folder: Path, rank: int, **error: str) -> None:
    """Leave an error for the caller and end with a status that makes the agent end the other workers."""
    record = {"rank": rank, "time": time.time(), **error}
    partial = folder / f"error-{rank}.part"
    partial.write_text(json.dumps(record), encoding="utf-8")
    partial.rename(folder / f"error-{rank}.json")
    sys.stderr.flush()
    os._exit(1)  # a process group that waits for the others would hold up an ordinary exit


def _end_with_parent(number: signal.Signals) -> None:
    """Ask Linux for a signal when the parent process ends; elsewhere nothing happens."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):
        libc.prctl(1, int(number))  # PR_SET_PDEATHSIG


if __name__ == "__main__":
    {"agent": _agent, "worker": _worker}[sys.argv[1]](*sys.argv[2:])
