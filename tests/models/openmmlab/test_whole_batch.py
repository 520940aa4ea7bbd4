"""Training steps that treat a batch as a whole, against MMDetection's and MMPose's own steps."""

import contextlib
import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import DATASETS, MODELS, DefaultScope

from anonbench.common.files import read_json
from anonbench.models.openmmlab import model_config, setup

setup.use("mmdet", 1)
from mmdet.models.task_modules.assigners import MaxIoUAssigner  # noqa: E402
from mmengine.structures import InstanceData  # noqa: E402

from anonbench.models.openmmlab.assign import WholeMaxIoUAssigner  # noqa: E402
from anonbench.models.openmmlab.collate import normalized, pack_instances, pack_poses, unpacked  # noqa: E402
from anonbench.models.openmmlab.hasten import settled  # noqa: E402
from anonbench.models.openmmlab.mask_rcnn import WholeMaskRCNN  # noqa: E402
from anonbench.models.openmmlab.proposals import sampled  # noqa: E402
from anonbench.models.openmmlab.suppress import suppressed  # noqa: E402
from tests.helpers.cuda import CUDA, needs_cuda  # noqa: E402
from tests.helpers.toysplit import write_split  # noqa: E402

MODELS_FOLDER = Path(__file__).resolve().parents[3] / "config" / "models"


@pytest.fixture(autouse=True)
def mmdetections_names():
    """Whatever a training before has left as the default scope."""
    with DefaultScope.overwrite_default_scope("mmdet"):
        yield


def built(name: str, folder: Path, side: int = 320):
    """A model and the training samples of a toy split."""
    annotations, images = write_split(folder, images=4)
    config = model_config.load(MODELS_FOLDER / f"{name}.py")
    setup.use(config.default_scope, 1)
    config = model_config.complete(config, read_json(annotations), annotations, images)
    for step in config.train_dataloader.dataset.pipeline:
        if step["type"] == "Resize":
            step["scale"] = (side, side)
    if config.default_scope == "mmdet":
        for part in (config.model.train_cfg.rpn, config.model.train_cfg.rcnn):
            part.sampler.update(num=10**6)  # all there are: nothing is left to chance
    torch.manual_seed(0)
    np.random.seed(0)
    with DefaultScope.overwrite_default_scope(config.default_scope):
        with contextlib.redirect_stdout(io.StringIO()):
            dataset = DATASETS.build(config.train_dataloader.dataset)
        model = MODELS.build(config.model)
        model.init_weights()
        samples = [dataset[i] for i in range(len(dataset))]
    return model.train(), samples


@pytest.fixture(scope="module")
def detector(tmp_path_factory):
    return built("mask-rcnn_mobilenetv2_toy", tmp_path_factory.mktemp("split"))


def test_packed_images_are_normalized_and_padded_as_mmdetection_does(detector):
    model, samples = detector
    own = model.data_preprocessor(pseudo_collate(samples), training=True)
    packed = pack_instances(samples, 32)
    assert torch.equal(WholeMaskRCNN(model).images(packed["inputs"], packed["sizes"]), own["inputs"])
    masks = np.concatenate([s.gt_instances.masks.masks for s in own["data_samples"]])
    assert masks.any() and np.array_equal(unpacked(packed["masks"]).numpy(), masks)


@pytest.mark.parametrize("device", ["cpu", CUDA])
def test_losses_and_gradients_are_those_of_mmdetection(detector, monkeypatch, device):
    model, samples = detector
    assert sum(len(s["data_samples"].ignored_instances) for s in samples) == 1
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    model = model.to(device, memory_format=torch.channels_last)
    parameters = [p for p in model.parameters() if p.requires_grad]
    with DefaultScope.overwrite_default_scope("mmdet"):
        data = model.data_preprocessor(pseudo_collate(samples), training=True)
        total, own = model.parse_losses(model(**data, mode="loss"))
    expected = torch.autograd.grad(total, parameters, allow_unused=True)
    losses = WholeMaskRCNN(model).losses(pack_instances(samples, 32))
    found = torch.autograd.grad(sum(losses.values()), parameters, allow_unused=True)
    assert losses.keys() == {name for name in own if name.startswith("loss_")}
    for name, value in losses.items():
        assert float(value.detach()) == pytest.approx(float(own[name].detach()), rel=1e-4)
    norm = sum(g.square().sum() for g in expected if g is not None).sqrt()
    for one, other in zip(found, expected, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            assert float((one - other).norm() / norm) < 1e-3
    model.to("cpu")


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("low_quality", [True, False])
def test_the_assigner_decides_as_mmdetections(seed, low_quality):
    rng = torch.Generator().manual_seed(seed)
    corner = torch.rand(300, 2, generator=rng) * 80
    boxes = torch.cat([corner, corner + 5 + torch.rand(300, 2, generator=rng) * 40], 1).round()
    settings = dict(
        pos_iou_thr=0.6, neg_iou_thr=0.3, min_pos_iou=0.3, match_low_quality=low_quality, ignore_iof_thr=0.5
    )
    objects = InstanceData(bboxes=boxes[:12], labels=torch.arange(12))
    ignored = InstanceData(bboxes=boxes[12:15])
    ours, own = (
        kind(**settings).assign(InstanceData(priors=boxes), objects, ignored)
        for kind in (WholeMaxIoUAssigner, MaxIoUAssigner)
    )
    for name in ("gt_inds", "labels", "max_overlaps"):
        assert torch.equal(getattr(ours, name), getattr(own, name))
    assert {-1, 0, 12} <= set(ours.gt_inds.tolist())


@pytest.mark.parametrize("device", ["cpu", CUDA])
def test_each_group_is_suppressed_greedily_by_itself(device):
    rng = torch.Generator().manual_seed(0)
    corner = torch.rand(3, 900, 2, generator=rng) * 100
    boxes = torch.cat([corner, corner + 10 + torch.rand(3, 900, 2, generator=rng) * 20], 2)
    usable = torch.rand(3, 900, generator=rng) < 0.9
    starts = [0, 700, 890, 900]
    kept = suppressed(boxes.to(device), usable.to(device), starts, 0.4).cpu()
    for image in range(3):
        for first, end in zip(starts, starts[1:], strict=False):
            expected = []
            for i in range(first, end):
                if usable[image, i] and not any(overlap(boxes[image, i], boxes[image, j]) > 0.4 for j in expected):
                    expected.append(i)
            assert kept[image, first:end].nonzero()[:, 0].add(first).tolist() == expected


def overlap(one: torch.Tensor, other: torch.Tensor) -> float:
    (a, b, c, d), (e, f, g, h) = one.tolist(), other.tolist()
    shared = max(0.0, min(c, g) - max(a, e)) * max(0.0, min(d, h) - max(b, f))
    return shared / ((c - a) * (d - b) + (g - e) * (h - f) - shared)


def test_the_sample_has_the_wanted_shares_and_nothing_that_was_left_out():
    numbers = torch.zeros(2, 400, dtype=torch.int64)
    numbers[0, :100], numbers[0, 100:150] = 3, -1  # many objects
    numbers[1, 5:8], numbers[1, 8:390] = 1, -1  # few, and little background
    torch.manual_seed(0)
    chosen = [sampled(numbers, SimpleNamespace(num=40, pos_fraction=0.25)) for _ in range(2)]
    for positive, is_positive, negative, is_negative in chosen:
        for image, (objects, background) in enumerate([(10, 30), (3, 15)]):
            ones = positive[image][is_positive[image]].tolist()
            zeros = negative[image][is_negative[image]].tolist()
            assert len(set(ones)) == objects and len(set(zeros)) == background
            assert (numbers[image, ones] > 0).all() and (numbers[image, zeros] == 0).all()
    assert chosen[0][0][0].tolist() != chosen[1][0][0].tolist()


@pytest.mark.parametrize(
    ("name", "collate"),
    [
        ("mask-rcnn_r50_fpn_1x", "pack_instances"),
        ("td-hm_hrnet-w32_256x192", "pack_poses"),
        ("tinaface_r50_widerface", None),
        ("faster-rcnn_r50_fpn_bdd100k", None),
    ],
)
def test_every_config_gets_what_its_model_can_use(name, collate):
    config = model_config.load(MODELS_FOLDER / f"{name}.py")
    light = settled(config)
    assert (light.train_dataloader.get("collate_fn") or {}).get("type") == collate
    assert light.optim_wrapper.optimizer.fused and light.train_dataloader.pin_memory
    assert ("WholeMaxIoUAssigner" in str(light.model)) == (collate is None)
    assert "fused" not in str(config.optim_wrapper) and "Whole" not in str(config.model)  # a copy was changed


def test_packed_people_are_those_of_mmpose(tmp_path):
    model, samples = built("td-hm_mobilenetv2_toy", tmp_path)
    own = model.data_preprocessor(pseudo_collate(samples), training=True)
    packed = pack_poses(samples)
    assert torch.equal(normalized(packed["inputs"], model.data_preprocessor), own["inputs"])
    for sample, heatmaps, weights in zip(own["data_samples"], packed["heatmaps"], packed["weights"], strict=True):
        assert heatmaps.any() and torch.equal(heatmaps, sample.gt_fields.heatmaps)
        assert torch.equal(weights[None], sample.gt_instance_labels.keypoint_weights)


@needs_cuda
@pytest.mark.parametrize("kind", ["OptimWrapper", "AmpOptimWrapper"])
def test_a_recorded_step_learns_what_a_step_does(tmp_path, monkeypatch, kind):
    from mmengine.optim import build_optim_wrapper

    from anonbench.models.openmmlab.graphed import GraphedPoses

    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", True)
    losses, weights, statistics = [], [], []
    for graphed in (False, True):
        model, samples = built("td-hm_mobilenetv2_toy", tmp_path / str(graphed))
        model = model.to("cuda", memory_format=torch.channels_last)
        optim = build_optim_wrapper(model, {"type": kind, "optimizer": {"type": "SGD", "lr": 0.1}})
        step = GraphedPoses(model) if graphed else model.train_step
        batches = [(pack_poses if graphed else pseudo_collate)(samples[i : i + 2]) for i in (0, 1, 0)]
        losses.append([float(step(batch, optim)["loss"].detach()) for batch in batches])
        weights.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
        statistics.append(torch.cat([b.double().flatten() for b in model.buffers()]))
    tolerance = 1e-2 if kind == "AmpOptimWrapper" else 1e-4
    assert losses[1] == pytest.approx(losses[0], rel=tolerance)
    for plain, recorded in (weights, statistics):
        assert float((plain - recorded).norm() / plain.norm()) < tolerance
    assert losses[1][2] < losses[1][0]
