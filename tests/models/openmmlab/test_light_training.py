"""A whole training with the light step, which CUDA devices take, here on the CPU: it learns, and resumes to the bit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from anonbench.common.root import ROOT
from anonbench.common.stopping import Stopped
from anonbench.config.models import ModelConfig
from anonbench.config.runtime import RuntimeConfig
from anonbench.models.openmmlab import setup
from anonbench.models.train import train
from anonbench.models.training import Training
from tests.helpers.interrupted import after_step, signalled
from tests.helpers.toysplit import write_split

setup.use("mmdet", 1)
from anonbench.models.openmmlab import runner  # noqa: E402
from anonbench.models.openmmlab.mask_rcnn import WholeMaskRCNN  # noqa: E402
from anonbench.models.openmmlab.resuming import Checkpoints  # noqa: E402

pytestmark = pytest.mark.slow

TOY = ROOT / "config" / "models" / "mask-rcnn_mobilenetv2_toy.py"


@pytest.fixture
def training(tmp_path: Path) -> Training:
    """Three epochs of three steps."""
    annotations, images = write_split(tmp_path / "split", images=6)
    config = tmp_path / "model.py"
    config.write_text(f"_base_ = {str(TOY)!r}\ntrain_cfg = dict(max_epochs=3)\n")
    return Training(
        model=ModelConfig(config=str(config), tasks=["detection"]),
        annotations=annotations,
        images=images,
        out_dir=tmp_path / "plain",
        seed=0,
        runtime=RuntimeConfig(device="cpu"),
    )


def run(training: Training, out_dir: Path) -> tuple[list[float], dict[str, torch.Tensor]]:
    """The losses of the epochs and the trained weights."""
    train(training.model_copy(update={"out_dir": out_dir}))
    lines = (out_dir / "scalars.json").read_text().splitlines()
    return [json.loads(line)["loss"] for line in lines], load_file(out_dir / "checkpoint.safetensors")


def test_it_learns_as_the_plain_step_and_resumes_to_the_bit(training, tmp_path, monkeypatch) -> None:
    plain, _ = run(training, tmp_path / "plain")
    steps = []
    step = WholeMaskRCNN.__call__

    def counted(self, *given, **named):
        steps.append(given)
        return step(self, *given, **named)

    monkeypatch.setattr(WholeMaskRCNN, "__call__", counted)
    monkeypatch.setattr(runner, "alone_on_cuda", lambda device: True)
    losses, weights = run(training, tmp_path / "light")
    assert len(steps) == 9
    # Which regions it learns from is another draw.
    assert losses == pytest.approx(plain, rel=0.1) and losses[2] < 0.8 * losses[0]

    kept = Checkpoints.after_train_epoch

    def dying(self, runner) -> None:
        kept(self, runner)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "after_train_epoch", dying)
        with pytest.raises(KeyboardInterrupt):
            run(training, tmp_path / "killed")
    with monkeypatch.context() as patch:
        after_step(patch, signalled(5))
        with pytest.raises(Stopped):
            run(training, tmp_path / "killed")
    steps.clear()
    resumed, again = run(training, tmp_path / "killed")
    assert len(steps) == 4
    assert resumed == losses
    assert weights.keys() == again.keys() and all(torch.equal(weights[name], again[name]) for name in weights)
