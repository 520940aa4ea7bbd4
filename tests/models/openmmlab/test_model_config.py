"""Model configs: every one in config/models/ builds, and the dataset fills in what it knows."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope

from anonbench.common.errors import UserError
from anonbench.common.files import read_json
from anonbench.models.openmmlab import model_config, setup
from anonbench.models.openmmlab.pose_meta import pose_metainfo
from anonbench.regions.anatomy import mirror_partners
from anonbench.variants.variant_images import VariantFiles
from tests.helpers.toysplit import KEYPOINTS, write_split

CONFIGS = Path(__file__).resolve().parents[3] / "config" / "models"


@pytest.fixture(scope="module")
def split(tmp_path_factory) -> tuple[Path, VariantFiles]:
    return write_split(tmp_path_factory.mktemp("split"))


def completed(path: Path, split: tuple[Path, VariantFiles]):
    config = model_config.load(path)
    setup.use(config.default_scope, 1)
    return model_config.complete(config, read_json(split[0]), *split)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.py")), ids=lambda path: path.stem)
def test_every_config_builds_and_runs_forward(path, split):
    """The GPU-sized ones too, on a small input and without their pretrained weights."""
    config = completed(path, split)
    with DefaultScope.overwrite_default_scope(config.default_scope), torch.no_grad():
        model = MODELS.build(config.model).eval()
        outputs = model(torch.zeros(1, 3, 64, 64), mode="tensor", **extra(config.default_scope))
    assert len(torch.as_tensor(outputs).shape) == 4 if config.default_scope == "mmpose" else len(outputs) > 0


def test_the_gpu_sized_configs_say_so_and_the_others_do_not():
    made_for_gpu = {path.stem for path in CONFIGS.glob("*.py") if model_config.load(path).get("made_for_gpu")}
    assert made_for_gpu == {path.stem for path in CONFIGS.glob("*.py") if "mobilenetv2" not in path.stem}
    assert len(made_for_gpu) == 9


@pytest.mark.parametrize(
    ("made_for_gpu", "cuda", "asked", "device"),
    [
        (True, True, "auto", "cuda"), (True, False, "cpu", "cpu"), (True, True, "cpu", "cpu"),
        (False, False, "auto", "cpu"), (True, False, "auto", None),
    ],
)  # fmt: skip
def test_a_model_made_for_a_gpu_gets_one_unless_the_cpu_is_asked_for(monkeypatch, made_for_gpu, cuda, asked, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    config = Config({"made_for_gpu": made_for_gpu})
    if device is None:
        with pytest.raises(UserError, match="made for a GPU, and torch finds none"):
            model_config.device_of(config, asked)
    else:
        assert model_config.device_of(config, asked) == device


def extra(scope: str) -> dict:
    if scope == "mmpose":
        return {"data_samples": None}
    from mmdet.structures import DetDataSample

    return {"data_samples": [DetDataSample(metainfo={"img_shape": (64, 64), "scale_factor": (1.0, 1.0)})]}


def test_the_dataset_fills_in_classes_keypoints_and_paths(split):
    detector = completed(CONFIGS / "mask-rcnn_mobilenetv2_toy.py", split)
    assert detector.model.roi_head.bbox_head.num_classes == detector.model.roi_head.mask_head.num_classes == 2
    assert detector.train_dataloader.dataset.metainfo.classes == ["dog", "odd person"]
    assert detector.train_dataloader.dataset.ann_file == str(split[0])

    pose = completed(CONFIGS / "td-hm_mobilenetv2_toy.py", split)
    assert pose.model.head.out_channels == 5
    assert pose.train_dataloader.dataset.data_prefix.img == str(split[1].manifest.parent / "images")


def test_without_left_and_right_nothing_is_mirrored(split, tmp_path):
    content = read_json(split[0])
    content["categories"][1]["keypoints"] = ["a", "b", "c", "d", "e"]
    config = model_config.load(CONFIGS / "td-hm_mobilenetv2_toy.py")
    config = model_config.complete(config, content, *split)
    assert config.model.test_cfg.flip_test is False
    assert "RandomFlip" not in [step.type for step in config.train_dataloader.dataset.pipeline]


def test_mirror_partners():
    assert mirror_partners(KEYPOINTS) == [0, 2, 1, 4, 3]
    assert mirror_partners(["Left ankle", "RIGHT ANKLE", "neck"]) == [1, 0, 2]


def test_pose_metainfo():
    category = {"keypoints": KEYPOINTS, "sigmas": [0.1] * 5, "skeleton": [[1, 2]]}
    meta = pose_metainfo("toy", category)
    assert meta["keypoint_info"][1]["swap"] == "right_hand" and meta["keypoint_info"][0]["swap"] == ""
    assert [meta["keypoint_info"][i]["type"] for i in range(5)] == ["upper"] * 3 + ["lower"] * 2
    assert meta["skeleton_info"][0]["link"] == ("head", "left_hand")


@pytest.mark.parametrize(
    ("text", "message"), [("x = (", "cannot be read"), ("default_scope = 'mmseg'", "default_scope 'mmseg'")]
)
def test_a_config_that_cannot_serve(tmp_path, text, message):
    path = tmp_path / "model.py"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        model_config.load(path)


def test_a_config_as_python_reads_back(split, tmp_path):
    config = completed(CONFIGS / "mask-rcnn_mobilenetv2_toy.py", split)
    path = tmp_path / "config.py"
    path.write_text(model_config.as_python(config))
    assert model_config.load(path).to_dict() == config.to_dict()
