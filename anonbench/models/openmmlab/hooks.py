"""What the training loop does besides training: seeds, progress and scalars."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import all_reduce_dict, get_rank, is_main_process
from mmengine.hooks import Hook
from tqdm import tqdm

from anonbench.common.errors import UserError
from anonbench.common.files import naming, write_text


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
        The file of JSON lines: ``epoch`` (from 1), ``iter`` (from 1), ``lr``, and every loss.
    interval
        Iterations per line. Every epoch ends its last interval, so that no model holds an unseen non-finite loss.
    """

    priority = "NORMAL"

    def __init__(self, path: Path, interval: int = 10) -> None:
        self.path = path
        self.interval = interval
        self.lines: list[str] = []
        self.sums: dict[str, Any] = {}
        self.count = 0

    def before_train(self, runner: Any) -> None:
        self.main = is_main_process()
        if self.main:
            write_text(self.path, "".join(self.lines))
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
            self.lines.append(json.dumps(line) + "\n")
            with naming(self.path), self.path.open("a", encoding="utf-8") as out:
                out.write(self.lines[-1])
        self.bar.set_postfix({name: f"{value:.3f}" for name, value in means.items() if name in ("loss", "loss_kpt")})

    def after_train(self, runner: Any) -> None:
        self.bar.close()
