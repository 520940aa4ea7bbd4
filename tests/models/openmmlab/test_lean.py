"""Lean imports find what full ones find, and import less."""

import subprocess
import sys

from anonbench.common.root import ROOT


def python(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_model_is_built_without_the_other_models():
    python(
        """
import sys
from pathlib import Path
from mmengine.registry import MODELS, DefaultScope
from anonbench.models.openmmlab import setup
from anonbench.models.openmmlab import model_config
config = model_config.load(Path("config/models/mask-rcnn_mobilenetv2_toy.py"))
setup.use("mmdet", 1)
with DefaultScope.overwrite_default_scope("mmdet"):
    MODELS.build(config.model.backbone)
    MODELS.build(config.model.neck)
assert "mmdet.models.backbones.mobilenet_v2" in sys.modules
unneeded = {"mmdet.models.backbones.swin", "imgaug", "matplotlib.pyplot", "torch._dynamo", "torch.distributed.fsdp"}
assert not unneeded & set(sys.modules)
"""
    )


def test_registries_find_aliases_and_names_that_only_a_full_import_registers():
    python(
        """
from anonbench.models.openmmlab import setup
setup.use("mmdet", 1)
import sys
from mmdet.registry import MODELS, TASK_UTILS, TRANSFORMS
import torch
assert MODELS.get("Linear") is torch.nn.Linear  # registered under a name, by a module of another
assert TASK_UTILS.get("BboxOverlaps2D").__name__ == "BboxOverlaps2D"
assert TRANSFORMS.get("PackDetInputs").__name__ == "PackDetInputs"
assert "mmdet.models.backbones.swin" not in sys.modules
assert MODELS.get("NoSuchModel") is None
assert "mmdet.models.backbones.swin" in sys.modules  # it looked everywhere
"""
    )


def test_a_submodule_does_not_hide_the_function_of_its_name():
    python(
        """
from anonbench.models.openmmlab import setup
setup.use("mmdet", 1)
import mmdet.structures.bbox.bbox_overlaps
import mmdet.structures.bbox
from mmdet.structures.bbox import bbox_overlaps
assert callable(bbox_overlaps) and callable(mmdet.structures.bbox.bbox_overlaps)
"""
    )
