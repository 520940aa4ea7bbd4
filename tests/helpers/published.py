"""The toolkits' own files of published models, which their packages carry."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from mmengine.config import Config

# Our config, the toolkit and its published config.
PUBLISHED = {
    "mask-rcnn_r50_fpn_1x": ("mmdet", "mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py"),
    "mask-rcnn_r50_fpn_cityscapes": ("mmdet", "cityscapes/mask-rcnn_r50_fpn_1x_cityscapes.py"),
    "mask-rcnn_r50_fpn_cityscapes_from-coco": ("mmdet", "cityscapes/mask-rcnn_r50_fpn_1x_cityscapes.py"),
    "td-hm_r50_256x192": (
        "mmpose",
        "body_2d_keypoint/topdown_heatmap/coco/td-hm_res50_8xb64-210e_coco-256x192.py",
    ),
    "td-hm_hrnet-w32_256x192": (
        "mmpose",
        "body_2d_keypoint/topdown_heatmap/coco/td-hm_hrnet-w32_8xb64-210e_coco-256x192.py",
    ),
}


def published(name: str) -> Config:
    return toolkits_own(*PUBLISHED[name])


@cache
def toolkits_own(toolkit: str, path: str) -> Config:
    (package,) = find_spec(toolkit).submodule_search_locations
    return Config.fromfile(str(Path(package, ".mim", "configs", path)))
