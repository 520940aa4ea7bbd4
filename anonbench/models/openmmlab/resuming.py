"""A training that goes on where it was interrupted, between two steps of an epoch as well, and ends as if it never was.

An epoch is seeded by its number (:class:`.hooks.SeedEpochs`), so that its order and what the processes of its data
loader draw at random are known again. One that goes on lets the loader run through the batches that were done and drops
them; then each process takes up its own random numbers where they were.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import get_rank, get_world_size, is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import EpochBasedTrainLoop
from torch import distributed

from anonbench.common.checkpoints import load_state, save_state
from anonbench.common.stopping import Clock, Request, Stopped, unheard
from anonbench.models.openmmlab.hooks import Scalars
from anonbench.models.openmmlab.telling import heard


def bare(model: torch.nn.Module) -> torch.nn.Module:
    """The model itself, without the wrapper that distributes it over processes."""
    return model.module if is_model_wrapper(model) else model


class ResumableLoop(EpochBasedTrainLoop):
    """MMEngine's loop over epochs, which can begin within one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._done = 0

    def begin_at(self, epoch: int, iteration: int, batches: int, then: Callable[[], None]) -> None:
        """Take ``iteration`` steps for done, the last ``batches`` of them in ``epoch``; ``then`` is called after these.

        All count from 0.
        """
        self._epoch, self._iter, self._done, self._then = epoch, iteration, batches, then

    def run_epoch(self) -> None:
        """Iterate one epoch, or the rest of it."""
        self.runner.call_hook("before_train_epoch")
        self.runner.model.train()
        done, self._done = self._done, 0
        with unheard():
            batches = iter(self.dataloader)
        try:
            for index, batch in enumerate(heard(batches)):
                if index >= done:
                    self.run_iter(index, batch)
                elif index == done - 1:
                    self._then()
        finally:
            # Nothing else would: they do not hear SIGTERM, and the frames of an exception keep the iterator.
            getattr(batches, "_shutdown_workers", int)()
        self.runner.call_hook("after_train_epoch")
        self._epoch += 1


class Resume(Hook):
    """Load the state that :class:`Checkpoints` saved, before any other hook looks at the iteration."""

    priority = "VERY_HIGH"

    def __init__(self, path: Path, scalars: Scalars) -> None:
        self.path = path
        self.scalars = scalars

    def before_train(self, runner: Any) -> None:
        state = load_state(self.path)
        if state is None:
            return
        bare(runner.model).load_state_dict(state["model"])
        runner.optim_wrapper.load_state_dict(state["optimizer"])
        for scheduler, value in zip(runner.param_schedulers, state["schedulers"], strict=True):
            scheduler.load_state_dict(value)
        runner.optim_wrapper.initialize_count_status(runner.model, state["iter"], runner.max_iters)
        own = state["processes"][get_rank()]
        device = next(bare(runner.model).parameters()).device
        self.scalars.lines = state["scalars"]
        self.scalars.sums = {name: value.to(device) for name, value in own["sums"].items()}
        self.scalars.count = own["count"]
        runner.train_loop.begin_at(
            state["epoch"], state["iter"], state["batches"], lambda: _set_random_states(own["random"])
        )


class Checkpoints(Hook):
    """Save the state, when every other hook is done: after every epoch, after a long time, and when asked to end.

    Parameters
    ----------
    path
        The file.
    scalars
        Whose sums and lines belong to the state.
    request
        Whether this process was asked to end. One of several is enough: they stop after the same step.

    Raises
    ------
    Stopped
        In every process, once the state is saved.
    """

    priority = "LOWEST"

    def __init__(self, path: Path, scalars: Scalars, request: Request) -> None:
        self.path = path
        self.scalars = scalars
        self.request = request
        self.clock = Clock()
        # Between the processes' CPUs, so that no device is waited for.
        self.group = distributed.new_group(backend="gloo") if get_world_size() > 1 else None

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        if batch_idx + 1 == len(runner.train_dataloader) or not runner.optim_wrapper.should_update():
            return  # the epoch's end saves, and gradients that are being gathered are not in the state
        rings, asked = self._agreed(self.clock.rings and is_main_process(), self.request.signal or 0)
        if rings or asked:
            self._save(runner, runner.epoch, runner.iter + 1, batch_idx + 1, asked)

    def after_train_epoch(self, runner: Any) -> None:
        _, asked = self._agreed(False, self.request.signal or 0)
        self._save(runner, runner.epoch + 1, runner.iter, 0, asked)

    def _agreed(self, *values: int) -> list[int]:
        """The largest of all processes' values."""
        if self.group is None:
            return [*values]
        agreed = torch.tensor(values)
        distributed.all_reduce(agreed, distributed.ReduceOp.MAX, self.group)
        return agreed.tolist()

    def _save(self, runner: Any, epoch: int, iteration: int, batches: int, asked: int) -> None:
        own = {
            "random": _random_states(),
            "sums": {name: value.cpu() for name, value in self.scalars.sums.items()},
            "count": self.scalars.count,
        }
        processes = [own]
        if self.group is not None:
            processes = [None] * get_world_size()
            distributed.all_gather_object(processes, own, self.group)
        if is_main_process():
            state = {
                "model": bare(runner.model).state_dict(),
                "optimizer": runner.optim_wrapper.state_dict(),
                "schedulers": [scheduler.state_dict() for scheduler in runner.param_schedulers],
                "epoch": epoch,
                "iter": iteration,
                "batches": batches,
                "scalars": self.scalars.lines,
                "processes": processes,
            }
            save_state(self.path, state)
        self.clock.restart()
        if asked:
            if self.group is not None:
                distributed.barrier(self.group)  # or the others' end would end the one that saves
            raise Stopped(asked)


def _random_states() -> dict[str, Any]:
    """The states of this process's global sources of random numbers, as tensors and plain values."""
    name, keys, *rest = np.random.get_state()
    return {
        "python": random.getstate(),
        "numpy": (name, keys.tolist(), *rest),
        "torch": torch.get_rng_state(),
        "cuda": [torch.cuda.get_rng_state()] if torch.cuda.is_initialized() else [],
    }


def _set_random_states(states: dict[str, Any]) -> None:
    random.setstate(states["python"])
    np.random.set_state(states["numpy"])
    torch.set_rng_state(states["torch"])
    for state in states["cuda"]:
        torch.cuda.set_rng_state(state)
