"""One call that makes OpenMMLab's components and this project's own available to a model config."""

from __future__ import annotations

import cv2
import torch

from anonbench.common.devices import keep_freed_memory
from anonbench.models.openmmlab import lean, ops


def use(scope: str, threads: int) -> None:
    """Serve the operators, open the registries of ``scope`` (``mmdet`` or ``mmpose``) and pin the number of threads."""
    torch.set_num_threads(threads)
    cv2.setNumThreads(0)  # images are decoded in the same thread, or in the data loader's own processes
    keep_freed_memory()
    lean.install()
    ops.install()
    # These register what model configs name. Only now, because they import MM packages, which should be lean by then.
    from anonbench.models.openmmlab import collate, fetched_weights, image_loading, packaged_mobilenet  # noqa: F401

    if scope == "mmdet":
        from anonbench.models.openmmlab import assign, instance_dataset, square_crop, tinaface  # noqa: F401
    else:
        from anonbench.models.openmmlab import pose_dataset  # noqa: F401
