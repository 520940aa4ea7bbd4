"""Training: what it writes, seeds, resumption, and the errors a user can fix."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from anonbench.common.errors import UserError
from anonbench.common.files import read_json, sha256_file, write_json
from anonbench.common.root import ROOT
from anonbench.common.tensors import read_tensors
from anonbench.config.models import ModelConfig
from anonbench.config.runtime import RuntimeConfig
from anonbench.models.predict import predict
from anonbench.models.train import train
from anonbench.models.training import Training
from anonbench.variants.variant_images import VariantFiles
from tests.helpers.toysplit import write_split

MODELS = ROOT / "config" / "models"
DETECTOR, POSE = MODELS / "mask-rcnn_mobilenetv2_toy.py", MODELS / "td-hm_mobilenetv2_toy.py"


@pytest.fixture(scope="module")
def split(tmp_path_factory) -> tuple[Path, VariantFiles]:
    return write_split(tmp_path_factory.mktemp("split"))


def training(split, out_dir: Path, model: Path | str = POSE, **more) -> Training:
    runtime = RuntimeConfig(device=more.pop("device", "cpu"))
    task = "detection" if "rcnn" in str(model) else "pose"
    return Training(
        model=ModelConfig(config=str(model), tasks=[task]),
        annotations=split[0],
        images=split[1],
        out_dir=out_dir,
        runtime=runtime,
        **{"seed": 0, **more},
    )


def run(split, out_dir: Path, model: Path | str = POSE, **more) -> dict[str, torch.Tensor]:
    train(training(split, out_dir, model, **more))
    return load_file(out_dir / "checkpoint.safetensors")


@pytest.fixture(scope="module")
def pose_run(split, tmp_path_factory) -> Path:
    out_dir = tmp_path_factory.mktemp("pose")
    run(split, out_dir)
    return out_dir


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_a_run_leaves_its_three_files_and_nothing_else(split, pose_run):
    assert sorted(path.name for path in pose_run.iterdir()) == ["checkpoint.safetensors", "config.py", "scalars.json"]
    lines = [json.loads(line) for line in (pose_run / "scalars.json").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2]
    assert all(line["loss"] > 0 and line["lr"] > 0 for line in lines)
    assert read_tensors(pose_run / "checkpoint.safetensors")[1] == {
        "model": "td-hm_mobilenetv2_toy",
        "seed": 0,
        "data_fingerprint": sha256_file(split[1].manifest),
        "config_sha256": sha256_file(pose_run / "config.py"),
    }
    compile((pose_run / "config.py").read_text(), "config.py", "exec")


def test_the_seed_decides_the_weights(split, pose_run, tmp_path):
    first = load_file(pose_run / "checkpoint.safetensors")
    assert same(first, run(split, tmp_path / "again"))
    assert not same(first, run(split, tmp_path / "other", seed=1))


def test_the_detector_takes_crowds_gapped_ids_polygons_rles_and_empty_images(split, tmp_path):
    weights = run(split, tmp_path, DETECTOR)
    assert weights["roi_head.bbox_head.fc_cls.weight"].shape[0] == 3  # two categories and background
    assert same(weights, run(split, tmp_path / "again", DETECTOR))


def test_boxes_alone_train_a_detector_without_a_mask_head(tmp_path):
    weights = run(write_split(tmp_path / "split", masks=False), tmp_path / "out", DETECTOR)
    assert not any("mask_head" in name for name in weights)


def start(split, out_dir: Path, epochs: int) -> subprocess.Popen:
    model = out_dir.parent / "long.py"
    model.write_text(f"_base_ = {str(POSE)!r}\ntrain_cfg = dict(max_epochs={epochs})\n")
    order = training(split, out_dir, model).model_dump_json()
    program = (
        "from anonbench.models.train import train; from anonbench.models.training import Training; "
        f"train(Training.model_validate_json({order!r}))"
    )
    return subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.DEVNULL)


def test_a_killed_run_goes_on_from_its_checkpoint_and_ends_as_if_uninterrupted(tmp_path, capfd):
    split = write_split(tmp_path / "split")
    out_dir = tmp_path / "out"
    process = start(split, out_dir, epochs=16)
    deadline = time.monotonic() + 120
    while not list(out_dir.glob("work/*/last.pth")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    (checkpoint,) = out_dir.glob("work/*/last.pth")
    epoch = torch.load(checkpoint, weights_only=True)["epoch"]
    assert 0 < epoch < 16

    stale = tmp_path / "stale"
    shutil.copytree(out_dir, stale)
    model = tmp_path / "long.py"
    resumed = run(split, out_dir, model)
    assert f"{epoch}/16" in capfd.readouterr().err  # the bar starts where the checkpoint was
    assert same(resumed, run(split, tmp_path / "uninterrupted", model))
    lines = [json.loads(line) for line in (out_dir / "scalars.json").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == list(range(1, 17))

    with open(split[1].manifest, "a") as manifest:
        manifest.write("\n")
    capfd.readouterr()
    run(split, stale, model)
    assert "0/16" in capfd.readouterr().err  # another variant's checkpoint is not taken up


def test_a_loss_that_is_not_finite_stops_the_run(split, tmp_path):
    model = tmp_path / "wild.py"
    model.write_text(f"_base_ = {str(POSE)!r}\noptim_wrapper = dict(optimizer=dict(lr=1e30), clip_grad=None)\n")
    with pytest.raises(UserError, match="not finite.*optim_wrapper.optimizer.lr"):
        run(split, tmp_path / "out", model)
    assert not (tmp_path / "out" / "checkpoint.safetensors").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": MODELS / "missing.py"}, "does not exist"),
        ({"device": "cuda:99"}, "not available"),
        ({"device": "abacus"}, "unknown"),
    ],
)
def test_mistakes_that_a_user_can_fix(split, tmp_path, change, message):
    with pytest.raises(UserError, match=message):
        run(split, tmp_path, **change)


def test_a_model_made_for_a_gpu_trains_on_a_cpu_only_when_asked_to(split, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    model = tmp_path / "large.py"
    model.write_text(f"_base_ = {str(POSE)!r}\nmade_for_gpu = True\ntrain_cfg = dict(max_epochs=1)\n")
    with pytest.raises(UserError, match=r"large\.py is made for a GPU.*\n?.*runtime\.device to cpu"):
        run(split, tmp_path / "out", model, device="auto")
    assert not (tmp_path / "out").exists()
    run(split, tmp_path / "out", model, device="cpu")
    with pytest.raises(UserError, match="out/config.py is made for a GPU"):
        predict(tmp_path / "out", *split, RuntimeConfig(device="auto"))
    assert predict(tmp_path / "out", *split, RuntimeConfig(device="cpu"))["keypoints"]


def test_an_instance_without_a_mask_among_others_is_reported_and_ignored(split, tmp_path, caplog):
    content = read_json(split[0])
    del content["annotations"][0]["segmentation"]
    write_json(tmp_path / "mixed.json", content)
    weights = run((tmp_path / "mixed.json", split[1]), tmp_path / "out", DETECTOR)
    assert any("mask_head" in name for name in weights)
    assert "1 of 6 instances have no mask" in caplog.text


def test_a_split_without_keypoints_trains_no_pose_model(split, tmp_path):
    content = read_json(split[0])
    del content["categories"][1]["keypoints"]
    write_json(tmp_path / "bare.json", content)
    with pytest.raises(UserError, match="0 categories of people with keypoints"):
        run((tmp_path / "bare.json", split[1]), tmp_path)


def test_a_task_that_cannot_be_scored_is_not_trained(split, tmp_path):
    unserved = training(split, tmp_path / "out", POSE)
    unserved = unserved.model_copy(update={"model": ModelConfig(config=str(POSE), tasks=["pose", "detection"])})
    with pytest.raises(UserError, match="does not serve the task 'detection'"):
        train(unserved)
    assert not (tmp_path / "out").exists()


def test_a_config_of_the_workflow_is_found_from_a_study_and_its_own_comes_first(split, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shipped = POSE.relative_to(ROOT)
    assert len(run(split, tmp_path / "a", shipped)) > 0
    shipped.parent.mkdir(parents=True)
    shipped.write_text("default_scope = 'mmseg'")
    with pytest.raises(UserError, match="default_scope 'mmseg'"):
        run(split, tmp_path / "b", shipped)
