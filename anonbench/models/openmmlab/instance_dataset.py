"""The common form's boxes and masks as MMDetection's training and test samples."""

from __future__ import annotations

from typing import Any

from mmdet.datasets.coco import CocoDataset
from mmdet.registry import DATASETS


@DATASETS.register_module()
class Instances(CocoDataset):
    """MMDetection's COCO dataset, for splits of which some instances may lack a mask.

    Parameters
    ----------
    masks
        Whether a mask is wanted of every instance. One without is then an ignored region, as a crowd is: neither an
        object to find nor background.
    """

    def __init__(self, *args: Any, masks: bool = True, **kwargs: Any) -> None:
        self.masks = masks
        super().__init__(*args, **kwargs)

    def parse_data_info(self, raw_data_info: dict[str, Any]) -> dict[str, Any]:
        info = super().parse_data_info(raw_data_info)
        for instance in info["instances"]:
            if self.masks and "mask" not in instance:
                left, top, right, bottom = instance["bbox"]
                instance["mask"] = [[left, top, right, top, right, bottom, left, bottom]]
                instance["ignore_flag"] = 1
        return info
