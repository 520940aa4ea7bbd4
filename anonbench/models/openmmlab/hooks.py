"""What the training loop does besides training: seeds, progress, scalars, checkpoints."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import all_reduce_dict, get_rank, is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from tqdm import tqdm

from anonbench.common.errors import UserError


def bare(model: torch.nn.Module) -> torch.nn.Module:
    """The model itself, without the wrapper that distributes it over processes."""
    return model.module if is_model_wrapper(model) else model


class SeedEpochs(Hook):
    """Seed every generator from the run's seed, the epoch's number and, beyond the first process, the process's.

    So an epoch's random numbers do not depend on whether the run was interrupted before it.
    """

    priority = "HIGHEST"

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def before_train_epoch(self, runner: Any) -> None:
        rank = get_rank()
        entropy = [self.seed, runner.epoch, rank] if rank else [self.seed, runner.epoch]
        state = np.random.SeedSequence(entropy).generate_state(1)[0]
        random.seed(int(state))
        np.random.seed(state)
        torch.manual_seed(int(state))


class Scalars(Hook):
    """Average the losses over intervals, write them as JSON lines, show progress, and stop on a non-finite one.

    Of several processes, the first writes and shows the averages over all of them.

    Parameters
    ----------
    path
        The file of JSON lines: ``epoch`` (from 1), ``iter`` (from 1), ``lr``, and every loss. Lines beyond the point
        from which a run resumes are dropped.
    interval
        Iterations per line. Every epoch ends its last interval, so that no checkpoint holds an unseen non-finite loss.
    """

    priority = "NORMAL"

    def __init__(self, path: Path, interval: int = 10) -> None:
        self.path = path
        self.interval = interval
        self.sums: dict[str, Any] = {}
        self.count = 0

    def before_train(self, runner: Any) -> None:
        lines = self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []
        kept = [line for line in lines if json.loads(line)["iter"] <= runner.iter]
        self.main = is_main_process()
        if self.main:
            self.path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
        self.bar = tqdm(
            total=runner.max_iters, initial=runner.iter, desc="train", unit="step", mininterval=1, disable=not self.main
        )

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        for name, value in outputs.items():
            if "loss" in name:
                self.sums[name] = self.sums.get(name, 0) + torch.as_tensor(value).detach()
        self.count += 1
        self.bar.update()
        if self.count == self.interval:
            self._close_interval(runner, runner.iter + 1)

    def after_train_epoch(self, runner: Any) -> None:
        if self.count:
            self._close_interval(runner, runner.iter)

    def _close_interval(self, runner: Any, iteration: int) -> None:
        sums = dict(self.sums)
        all_reduce_dict(sums, op="mean")
        means = {name: float(value) / self.count for name, value in sums.items()}
        self.sums, self.count = {}, 0
        if not all(np.isfinite(list(means.values()))):
            self.bar.close()
            bad = ", ".join(name for name, value in means.items() if not np.isfinite(value))
            raise UserError(
                f"Training stopped near step {iteration}: {bad} is not finite.",
                "Lower optim_wrapper.optimizer.lr in the model config, or train with precision 'float32'.",
            )
        line = {"epoch": runner.epoch + 1, "iter": iteration, "lr": runner.optim_wrapper.get_lr()["lr"][0], **means}
        if self.main:
            with self.path.open("a", encoding="utf-8") as out:
                out.write(json.dumps(line) + "\n")
        self.bar.set_postfix({name: f"{value:.3f}" for name, value in means.items() if name in ("loss", "loss_kpt")})

    def after_train(self, runner: Any) -> None:
        self.bar.close()


class Resume(Hook):
    """Load the state that :class:`Checkpoints` saved, before any other hook looks at the iteration."""

    priority = "VERY_HIGH"

    def __init__(self, path: Path) -> None:
        self.path = path

    def before_train(self, runner: Any) -> None:
        if not self.path.exists():
            return
        state = torch.load(self.path, map_location="cpu", weights_only=True)
        bare(runner.model).load_state_dict(state["model"])
        runner.optim_wrapper.load_state_dict(state["optimizer"])
        for scheduler, value in zip(runner.param_schedulers, state["schedulers"], strict=True):
            scheduler.load_state_dict(value)
        runner.train_loop._epoch, runner.train_loop._iter = state["epoch"], state["iter"]


class Checkpoints(Hook):
    """Save the state after every epoch, when every other hook is done, so that an interrupted run can resume."""

    priority = "LOWEST"

    def __init__(self, path: Path) -> None:
        self.path = path

    def after_train_epoch(self, runner: Any) -> None:
        if not is_main_process():
            return
        state = {
            "model": bare(runner.model).state_dict(),
            "optimizer": runner.optim_wrapper.state_dict(),
            "schedulers": [scheduler.state_dict() for scheduler in runner.param_schedulers],
            "epoch": runner.epoch + 1,
            "iter": runner.iter,
        }
        partial = self.path.with_suffix(".part")
        torch.save(state, partial)
        os.replace(partial, self.path)
