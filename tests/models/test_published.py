"""The GPU-sized configs are the published models: their settings, parameter counts, and layout of their weights."""

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.registry import MODELS, DefaultScope

from anonbench.models.openmmlab import model_config, setup
from anonbench.models.openmmlab.fetched_weights import load_into
from tests.helpers.published import PUBLISHED, published, toolkits_own

CONFIGS = Path(__file__).resolve().parents[2] / "config" / "models"
FASTER = "faster-rcnn_r50_fpn_bdd100k"
GPU_SIZED = [
    *PUBLISHED,
    "mask-rcnn_r50_fpn_bdd100k",
    FASTER,
    "tinaface_r50_widerface",
    "tinaface_r50_widerface_30e",
]

# Where ours differ from the published files on purpose, by config, or for all of them.
ON_PURPOSE = {
    "backbone.init_cfg",  # the same weights, fetched by a rule; Cityscapes from ImageNet
    "train_cfg.rpn.assigner.ignore_iof_thr",  # no background is learned inside of crowds
    "train_cfg.rcnn.assigner.ignore_iof_thr",
}


def config_for(name: str, classes: int):
    config = model_config.load(CONFIGS / f"{name}.py")
    setup.use(config.default_scope, 1)
    model = config.model
    if config.default_scope == "mmpose":
        model.head.out_channels = classes
    elif "roi_head" in model:
        for head in {"bbox_head", "mask_head"} & model.roi_head.keys():
            model.roi_head[head].num_classes = classes
    else:
        model.bbox_head.num_classes = classes
    return config


def build(config, device: str = "meta") -> torch.nn.Module:
    """The model, by default without memory for its values."""
    with DefaultScope.overwrite_default_scope(config.default_scope), torch.device(device):
        return MODELS.build(config.model)


def parameters(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """The leaves of nested dicts by their dotted path; sequences are tuples."""
    if isinstance(value, dict):
        inner = (flat(item, f"{prefix}.{key}" if prefix else key) for key, item in value.items())
        return {key: leaf for leaves in inner for key, leaf in leaves.items()}
    return {prefix: tuple(value) if isinstance(value, list) else value}


def steps(pipeline: list[dict]) -> list[dict]:
    """A pipeline's transforms without what has no effect: the storage backend and labels at test time."""
    return [
        {k: tuple(v) if isinstance(v, list) else v for k, v in step.items() if k != "backend_args"} for step in pipeline
    ]


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_model_is_the_published_one(name):
    theirs = published(name)
    classes = theirs.model.head.out_channels if "head" in theirs.model else theirs.model.roi_head.bbox_head.num_classes
    ours = config_for(name, classes).model.to_dict()
    theirs = theirs.model.to_dict()
    ours["backbone"]["init_cfg"] = theirs["backbone"]["init_cfg"] = None
    a, b = flat(ours), flat(theirs)
    differing = {key for key in a.keys() | b.keys() if a.get(key) != b.get(key)}
    assert differing <= ON_PURPOSE


def test_faster_rcnn_is_the_toolkits_own():
    """BDD100K's authors took it as it is, for the schedule 1x; what is left of the mask model has no effect."""
    theirs, ours = toolkits_own("mmdet", "faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py"), config_for(FASTER, 80)
    without_effect = {"data_preprocessor.pad_mask", "train_cfg.rcnn.mask_size", "test_cfg.rcnn.mask_thr_binary"}
    a, b = flat(ours.model.to_dict()), flat(theirs.model.to_dict())
    differing = {key for key in a.keys() | b.keys() if a.get(key) != b.get(key)}
    assert {key for key in differing if not key.startswith("backbone.init_cfg")} <= ON_PURPOSE | without_effect
    assert ours.train_cfg.max_epochs == theirs.train_cfg.max_epochs
    assert [flat(step) for step in ours.param_scheduler] == [flat(step) for step in theirs.param_scheduler]
    assert model_config.result_kinds(ours) == ("bbox",)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_schedule_is_the_published_one(name):
    theirs, ours = published(name), model_config.load(CONFIGS / f"{name}.py")
    repeats = theirs.train_dataloader.dataset.get("times", 1)  # Cityscapes: 8 visits of every image count as one epoch
    assert ours.train_cfg.max_epochs == theirs.train_cfg.max_epochs * repeats
    warm_up, decay = ours.param_scheduler
    assert flat(warm_up) == flat(theirs.param_scheduler[0])
    assert [m / repeats for m in decay.milestones] == list(theirs.param_scheduler[1].milestones)
    assert decay.gamma == theirs.param_scheduler[1].gamma
    assert flat(ours.optim_wrapper.optimizer.to_dict()) == flat(theirs.optim_wrapper.optimizer.to_dict())
    assert ours.optim_wrapper.get("clip_grad") is None
    base = ours.auto_scale_lr.base_batch_size
    # MMDetection's file for Cityscapes says that its rate is for 8, and inherits an unused 16.
    assert base == (8 if "cityscapes" in name else theirs.auto_scale_lr.base_batch_size)
    # Eight GPUs take the published batch, and with it the published rate.
    assert 8 * ours.train_dataloader.batch_size == base


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_pipelines_are_the_published_ones(name):
    theirs, ours = published(name), model_config.load(CONFIGS / f"{name}.py")
    of_train = theirs.train_dataloader.dataset
    of_train = of_train.get("dataset", of_train)
    assert steps(ours.train_dataloader.dataset.pipeline) == steps(of_train.pipeline)
    without_labels = [s for s in steps(theirs.test_dataloader.dataset.pipeline) if s["type"] != "LoadAnnotations"]
    assert steps(ours.test_dataloader.dataset.pipeline) == without_labels
    assert ours.train_dataloader.dataset.get("filter_cfg") == of_train.get("filter_cfg")


@pytest.mark.parametrize("name", GPU_SIZED)
@pytest.mark.parametrize("processes", [1, 2, 8])
def test_the_rate_follows_batch_and_gpus(name, processes):
    config = model_config.load(CONFIGS / f"{name}.py")
    rate, base = config.optim_wrapper.optimizer.lr, config.auto_scale_lr.base_batch_size
    model_config.scale_rate(config, processes)
    step = processes * config.train_dataloader.batch_size
    assert config.optim_wrapper.optimizer.lr / step == pytest.approx(rate / base)


def test_faster_rcnn_has_torchvisions_parameters():
    from torchvision.models.detection import FasterRCNN_ResNet50_FPN_Weights, fasterrcnn_resnet50_fpn

    with torch.device("meta"):
        theirs = fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=91)
    fixed = 53120  # as below
    assert parameters(theirs) - fixed == FasterRCNN_ResNet50_FPN_Weights.COCO_V1.meta["num_params"]
    assert parameters(theirs) - parameters(build(config_for(FASTER, 90))) == 4 * (1024 + 1)


def test_mask_rcnn_has_torchvisions_parameters():
    """torchvision's has outputs for the background where MMDetection's has none: 4 box deltas and a mask."""
    from torchvision.models.detection import MaskRCNN_ResNet50_FPN_Weights, maskrcnn_resnet50_fpn

    with torch.device("meta"):
        theirs = maskrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=91)
    fixed = 53120  # of batch normalization, which torchvision's count leaves out: they are fixed in its published model
    assert parameters(theirs) - fixed == MaskRCNN_ResNet50_FPN_Weights.COCO_V1.meta["num_params"] == 44_401_393
    ours = parameters(build(config_for("mask-rcnn_r50_fpn_1x", 90)))
    assert parameters(theirs) - ours == 4 * (1024 + 1) + (256 + 1)


@pytest.mark.parametrize(
    ("name", "classes", "millions"),
    [
        # MMPose's and MMDetection's model cards give none. HRNet's authors, README of
        # leoxiaobin/deep-high-resolution-net.pytorch: pose_hrnet_w32 28.5M, pose_resnet_50 34.0M.
        ("td-hm_hrnet-w32_256x192", 17, 28.5),
        ("td-hm_r50_256x192", 17, 34.0),
    ],
)
def test_pose_models_have_their_authors_parameters(name, classes, millions):
    assert round(parameters(build(config_for(name, classes))) / 1e6, 1) == millions


def test_tinaface_has_the_published_parameters_but_for_deformable_convolutions():
    """37.98 M (README of deepinsight/insightface, detection/scrfd) are those of R50-FPN-GN-DCN.

    Its offsets, 18 channels for each 3 x 3 convolution of the last two stages, are all that sets it apart from
    R50-FPN-BN: group and batch normalization have as many parameters.
    """
    offsets = sum(blocks * (18 * 9 * channels + 18) for blocks, channels in ((6, 256), (3, 512)))
    assert round((parameters(build(config_for("tinaface_r50_widerface", 1))) + offsets) / 1e6, 2) == 37.98


@pytest.mark.parametrize("name", ["mask-rcnn_r50_fpn_1x", "td-hm_r50_256x192", "tinaface_r50_widerface"])
def test_torchvisions_resnet_fits_every_backbone(name, tmp_path):
    """The layout of resnet50-0676ba61.pth is that of torchvision's model; without its classifier it fits exactly."""
    from safetensors.torch import save_file
    from torchvision.models import resnet50

    weights = resnet50(weights=None).state_dict()
    save_file(weights, tmp_path / "r50.safetensors")
    backbone = build(config_for(name, 3), "cpu").backbone
    assert load_into(backbone, tmp_path / "r50.safetensors") == []
    assert set(weights) - set(backbone.state_dict()) == {"fc.weight", "fc.bias"}
    for key, value in backbone.state_dict().items():
        assert torch.equal(value, weights[key])


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_checkpoint_has_our_layout(name):
    """The toolkit's own config decides which tensors its checkpoint has; ours has the same, name by name."""
    model = published(name).model
    classes = model.head.out_channels if "head" in model else model.roi_head.bbox_head.num_classes
    config = config_for(name, classes)
    for part in (model, config.model):
        part.backbone.init_cfg = None
    ours = build(config).state_dict()
    config.model = model
    theirs = build(config).state_dict()
    assert {key: value.shape for key, value in ours.items()} == {key: value.shape for key, value in theirs.items()}
