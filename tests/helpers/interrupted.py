"""Trainings of models that are interrupted, and what they leave."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from anonbench.common.root import ROOT
from anonbench.models.openmmlab import setup
from anonbench.models.training import Training
from anonbench.variants.variant_images import VariantFiles
from tests.helpers.trainings import training_of

setup.use("mmdet", 1)
from anonbench.models.openmmlab.hooks import Scalars  # noqa: E402

MODELS = ROOT / "config" / "models"
POSE, DETECTOR = "td-hm_mobilenetv2_toy.py", "mask-rcnn_mobilenetv2_toy.py"


def training(
    split: tuple[Path, VariantFiles], out_dir: Path, base: str = POSE, workers: int = 0, gpus: int = 1
) -> Training:
    """Two epochs of four or five steps, on two samples each."""
    config = out_dir.with_suffix(".py")
    config.write_text(
        f"_base_ = {str(MODELS / base)!r}\ntrain_dataloader = dict(batch_size=2, num_workers={workers})\n"
    )
    return training_of(config, "detection" if base == DETECTOR else "pose", split, out_dir, gpus)


def after_step(patch: pytest.MonkeyPatch, then: Callable[[int], None]) -> None:
    """Call ``then`` with the number, from 1, of every step that is taken, before its state may be saved."""
    counted = Scalars.after_train_iter

    def counting(self: Scalars, runner: Any, *rest: Any, **named: Any) -> None:
        counted(self, runner, *rest, **named)
        then(runner.iter + 1)

    patch.setattr(Scalars, "after_train_iter", counting)


def signalled(step: int, number: int = signal.SIGTERM) -> Callable[[int], None]:
    """What sends this process a signal after a step."""
    return lambda done: os.kill(os.getpid(), number) if done == step else None


def state_of(out_dir: Path) -> dict[str, Any]:
    """The last state that a training saved."""
    (file,) = out_dir.glob("work/*/last.pth")
    return torch.load(file, weights_only=True)


def same(one: Path, other: Path) -> bool:
    """Whether two trainings ended in the same tensors and scalars."""
    a, b = (load_file(folder / "checkpoint.safetensors") for folder in (one, other))
    scalars = [(folder / "scalars.json").read_bytes() for folder in (one, other)]
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a) and scalars[0] == scalars[1]
