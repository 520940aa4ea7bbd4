"""One training step of every GPU-sized model config on a CPU, at full input size, through its own pipeline.

For each: parameters, the batch that reached the network, CPU seconds (which a busy machine disturbs less than
wall-clock time) of forward and backward pass, and the process's peak memory. A config fails if it does not build, a
loss is not finite, or a trainable parameter gets no gradient, for which several processes would wait in vain. Weights
are random and images noise: this proves that a model trains, not what it learns.

    python benchmarks/models.py                            # all, each in a process of its own
    python benchmarks/models.py tinaface_r50_widerface     # one
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

# By config: the classes or keypoints, the width and height in px of the dataset's images, and the images of the step.
STEPS = {
    "mask-rcnn_r50_fpn_1x": (80, (640, 480), 1),
    "mask-rcnn_r50_fpn_cityscapes": (8, (2048, 1024), 1),
    "mask-rcnn_r50_fpn_cityscapes_from-coco": (8, (2048, 1024), 1),
    "mask-rcnn_r50_fpn_bdd100k": (8, (1280, 720), 1),
    "faster-rcnn_r50_fpn_bdd100k": (10, (1280, 720), 1),
    "td-hm_r50_256x192": (17, (640, 480), 2),
    "td-hm_hrnet-w32_256x192": (17, (640, 480), 2),
    "td-hm_hrnet-w32_256x192 (CrowdPose)": (14, (640, 480), 2),
    "tinaface_r50_widerface": (1, (1024, 768), 2),
}


def write_split(folder: Path, classes: int, size: tuple[int, int], images: int, pose: bool) -> Path:
    """Noise with three upright people in each image, in the common form."""
    import numpy as np
    from PIL import Image

    from anonbench.common.files import sha256_file, write_json

    width, height = size
    rng = np.random.default_rng(0)
    names = [f"keypoint {i}" for i in range(classes)]
    annotations = []
    for image in range(images):
        Image.fromarray(rng.integers(0, 256, (height, width, 3), np.uint8)).save(folder / f"{image}.png")
        for person in range(3):
            x, y = width * (0.1 + 0.3 * person), height * 0.2
            w, h = width * 0.15, height * 0.6
            keypoints = [v for i in range(classes) for v in (x + w / 2, y + h * i / classes, 2)] if pose else []
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image,
                    "category_id": 1 if pose else person % classes + 1,
                    "bbox": [x, y, w, h],
                    "area": w * h,
                    "iscrowd": 0,
                    "segmentation": [[x, y, x + w, y, x + w, y + h, x, y + h]],
                    **({"keypoints": keypoints, "num_keypoints": classes} if pose else {}),
                }
            )
    categories = [{"id": i + 1, "name": f"class {i}"} for i in range(1 if pose else classes)]
    if pose:
        categories[0].update(keypoints=names, sigmas=[0.1] * classes, is_person=True)
    size = {"width": width, "height": height}
    records = [
        {"id": i, "file_name": f"{i}.png", **size, "sha256": sha256_file(folder / f"{i}.png")} for i in range(images)
    ]
    split = {"info": {"dataset": "noise"}, "images": records, "annotations": annotations, "categories": categories}
    write_json(folder / "split.json", split)
    return folder / "split.json"


def step(name: str) -> str:
    """Take the step; one row of the table."""
    import numpy as np
    import torch
    from mmengine.dataset import pseudo_collate
    from mmengine.registry import DATASETS, MODELS, DefaultScope

    from anonbench.common.files import read_json
    from anonbench.models.openmmlab import model_config, setup
    from benchmarks.drawn import listed

    classes, size, batch = STEPS[name]
    config = model_config.load(ROOT / f"config/models/{name.split()[0]}.py")
    setup.use(config.default_scope, int(os.environ.get("OMP_NUM_THREADS", 1)))
    torch.manual_seed(0)
    np.random.seed(0)
    with tempfile.TemporaryDirectory() as folder, DefaultScope.overwrite_default_scope(config.default_scope):
        annotations = write_split(Path(folder), classes, size, batch, config.default_scope == "mmpose")
        images = listed(Path(folder), annotations)
        config = model_config.complete(config, read_json(annotations), annotations, images)
        with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints while it indexes
            dataset = DATASETS.build(config.train_dataloader.dataset)
        model = MODELS.build(config.model).train()
        data = model.data_preprocessor(pseudo_collate([dataset[i] for i in range(batch)]), training=True)
        before = time.process_time()
        loss, values = model.parse_losses(model(**data, mode="loss"))
        forward = time.process_time() - before
        loss.backward()
        backward = time.process_time() - before - forward
    left_out = [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]
    if left_out or not all(torch.isfinite(value).all() for value in values.values()):
        raise SystemExit(f"{name}: no gradient for {left_out}, losses {values}")
    millions = sum(p.numel() for p in model.parameters()) / 1e6
    shape = " × ".join(map(str, data["inputs"].shape))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return f"| {name} | {millions:.2f} | {shape} | {forward:.1f} | {backward:.1f} | {peak:.1f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", choices=list(STEPS), help="one config; all unless it is named")
    if chosen := parser.parse_args().name:
        print(step(chosen))
        return
    print(
        "| config | M parameters | batch | forward CPU s | backward CPU s | peak GB |\n|:--|--:|:--|--:|--:|--:|",
        flush=True,
    )
    failed = [name for name in STEPS if subprocess.run([sys.executable, __file__, name]).returncode]
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
