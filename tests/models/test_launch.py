"""Several processes train one model: the same files, the batch and rate of the rule, kills, resumption and errors."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch
from safetensors.torch import load_file

from anonbench.common.errors import UserError
from anonbench.common.files import sha256_file
from anonbench.common.logs import log_to
from anonbench.common.root import ROOT
from anonbench.common.tensors import read_tensors
from anonbench.models.launch import start
from anonbench.models.training import Training
from anonbench.variants.variant_images import VariantFiles
from tests.helpers.toysplit import write_split
from tests.helpers.trainings import training_of

MODELS = ROOT / "config" / "models"
POSE, DETECTOR = MODELS / "td-hm_mobilenetv2_toy.py", MODELS / "mask-rcnn_mobilenetv2_toy.py"


@pytest.fixture(scope="module")
def split(tmp_path_factory) -> tuple[Path, VariantFiles]:
    return write_split(tmp_path_factory.mktemp("split"), images=9)


def training(gpus: int, split, out_dir: Path, model: Path = POSE, device: str = "cpu") -> Training:
    return training_of(model, "detection" if model == DETECTOR else "pose", split, out_dir, gpus, device)


def config_of(out_dir: Path) -> dict:
    found: dict = {}
    exec((out_dir / "config.py").read_text(), found)
    return found


def lines_of(out_dir: Path) -> list[dict]:
    return [json.loads(line) for line in (out_dir / "scalars.json").read_text().splitlines()]


@pytest.fixture(scope="module")
def runs(split, tmp_path_factory) -> tuple[Path, Path]:
    """The same training of a detector in one process and in two."""
    one, two = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    start(training(1, split, one, DETECTOR))
    logger = log_to([two.with_suffix(".log")])
    try:
        start(training(2, split, two, DETECTOR))
    finally:
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
            handler.close()
    return one, two


@pytest.mark.slow
def test_the_first_process_alone_writes_the_callers_log(runs):
    lines = runs[1].with_suffix(".log").read_text().splitlines()
    assert len([line for line in lines if "2 process(es) with 2 samples each: 4 per step" in line]) == 1


@pytest.mark.slow
def test_two_processes_leave_the_files_of_one(split, runs):
    one, two = runs
    assert sorted(p.name for p in two.iterdir()) == ["checkpoint.safetensors", "config.py", "scalars.json"]
    a, b = load_file(one / "checkpoint.safetensors"), load_file(two / "checkpoint.safetensors")
    assert {name: value.shape for name, value in a.items()} == {name: value.shape for name, value in b.items()}
    assert all(torch.isfinite(value).all() for value in b.values())
    assert read_tensors(two / "checkpoint.safetensors")[1] == {
        "model": DETECTOR.stem,
        "seed": 0,
        "data_fingerprint": sha256_file(split[1].manifest),
        "config_sha256": sha256_file(two / "config.py"),
    }
    assert [line["epoch"] for line in lines_of(two)] == [1, 2]
    assert all(line["loss"] > 0 for line in lines_of(two))


@pytest.mark.slow
def test_two_processes_take_twice_the_batch_at_twice_the_rate(runs):
    """9 images at 2 per process are 5 steps per epoch, with two processes 3."""
    one, two = runs
    assert [line["iter"] for line in lines_of(one)] == [5, 10]
    assert [line["iter"] for line in lines_of(two)] == [3, 6]
    rates = [config_of(run)["optim_wrapper"]["optimizer"]["lr"] for run in runs]
    assert rates[1] == 2 * rates[0] > 0


STILL = """
_base_ = {base!r}
codec = dict(type="MSRAHeatmap", input_size=(96, 128), heatmap_size=(3, 4), sigma=1)
model = dict(
    backbone=dict(norm_eval=True, frozen_stages=7),
    head=dict(deconv_out_channels=None, deconv_kernel_sizes=None, decoder=codec),
)
pipeline = [
    dict(type="LoadImage"),
    dict(type="GetBBoxCenterScale"),
    dict(type="TopdownAffine", input_size=(96, 128)),
    dict(type="GenerateTarget", encoder=codec),
    dict(type="PackPoseInputs"),
]
auto_scale_lr = dict(base_batch_size=8)
train_dataloader = dict(batch_size={batch}, dataset=dict(pipeline=pipeline))
train_cfg = dict(max_epochs=1)
param_scheduler = []
optim_wrapper = dict(optimizer=dict(_delete_=True, type="SGD", lr=10.0), clip_grad=None)
"""


@pytest.mark.slow
def test_two_processes_take_the_step_of_one_with_twice_the_batch(split, tmp_path):
    """All eight people once, with nothing random but the order, and only a linear layer to train."""
    weights = []
    for processes, batch in ((1, 8), (2, 4)):
        model = tmp_path / f"model{processes}.py"
        model.write_text(STILL.format(base=str(POSE), batch=batch))
        start(training(processes, split, tmp_path / str(processes), model))
        weights.append(load_file(tmp_path / str(processes) / "checkpoint.safetensors"))
    before = tmp_path / "before.py"
    before.write_text(STILL.format(base=str(POSE), batch=8) + "optim_wrapper['optimizer']['lr'] = 0.0\n")
    start(training(1, split, tmp_path / "0", before))
    name = "head.final_layer.weight"
    start_weight = load_file(tmp_path / "0" / "checkpoint.safetensors")[name]
    one, two = (found[name] - start_weight for found in weights)
    assert one.abs().max() > 1e-4
    torch.testing.assert_close(one, two, rtol=1e-3, atol=1e-6)


@pytest.mark.slow
def test_a_users_mistake_in_the_workers_arrives_as_it_is(split, tmp_path):
    model = tmp_path / "wild.py"
    model.write_text(f"_base_ = {str(POSE)!r}\noptim_wrapper = dict(optimizer=dict(lr=1e30), clip_grad=None)\n")
    with pytest.raises(UserError, match="not finite.*optim_wrapper.optimizer.lr"):
        start(training(2, split, tmp_path / "out", model))
    assert not (tmp_path / "out" / "checkpoint.safetensors").exists()


@pytest.mark.slow
def test_any_other_error_of_a_worker_arrives_with_its_traceback(split, tmp_path):
    model = tmp_path / "broken.py"
    model.write_text(f"_base_ = {str(POSE)!r}\nmodel = dict(head=dict(type='no such head'))\n")
    with pytest.raises(RuntimeError, match="(?s)Training process [01] failed.*no such head"):
        start(training(2, split, tmp_path / "out", model))


@pytest.mark.slow
def test_a_missing_image_in_a_worker_arrives_as_a_users_mistake(tmp_path):
    split = write_split(tmp_path / "split", images=9)
    (split[1].originals / "sub folder" / "im 3.png").unlink()
    with pytest.raises(UserError, match=r"im 3\.png cannot be read"):
        start(training(2, split, tmp_path / "out"))


@pytest.mark.parametrize("device", ["cuda:1", "cuda"])
def test_devices_that_do_not_exist(split, tmp_path, device):
    with pytest.raises(UserError, match="runtime.gpus is 64"):
        start(training(64, split, tmp_path, device=device))


@pytest.mark.slow
def test_a_killed_caller_leaves_no_process_and_a_new_one_goes_on(split, tmp_path, capfd):
    model = tmp_path / "long.py"
    model.write_text(f"_base_ = {str(POSE)!r}\ntrain_cfg = dict(max_epochs=20)\n")
    order = training(2, split, tmp_path / "out", model).model_dump_json()
    program = (
        "from anonbench.models.launch import start; from anonbench.models.training import Training; "
        f"start(Training.model_validate_json({order!r}))"
    )
    caller = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list((tmp_path / "out").glob("work/*/last.pth")):
        assert caller.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    below = psutil.Process(caller.pid).children(recursive=True)
    assert len(below) >= 3  # the agent and two workers
    os.kill(caller.pid, signal.SIGKILL)
    caller.wait()
    _, alive = psutil.wait_procs(below, timeout=40)
    assert not alive

    (checkpoint,) = (tmp_path / "out").glob("work/*/last.pth")
    epoch = torch.load(checkpoint, weights_only=True)["epoch"]
    assert 0 < epoch < 20
    capfd.readouterr()
    start(training(2, split, tmp_path / "out", model))
    assert f"{epoch}/20" in capfd.readouterr().err
    assert [line["epoch"] for line in lines_of(tmp_path / "out")] == list(range(1, 21))
