"""What a unit of work costs, for :mod:`anonbench.study.plan`: measured here on one core, published for a GPU, or
computed from what is published.

Measured figures are CPU seconds of one x86-64 core. Other machines differ by a factor; the ratios hold better.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Training:
    """What training a model costs.

    Parameters
    ----------
    seconds
        Of one image (detectors) or one person (top-down pose) in one epoch.
    on
        What they are seconds of: ``core`` or ``gpu``.
    checkpoint
        Size of the trained model's file in bytes.
    source
        Where the figures are from.
    """

    seconds: float
    on: Literal["core", "gpu"]
    checkpoint: int
    source: str


_MEASURED = "measured on one core"

# By the beginning of the MM config's file name; the longest that fits counts.
TRAININGS = {
    "mask-rcnn_mobilenetv2_demo": Training(0.095, "core", 12_400_000, _MEASURED),
    "mask-rcnn_mobilenetv2_photos": Training(0.2, "core", 13_800_000, _MEASURED),
    "td-hm_mobilenetv2_demo": Training(0.011, "core", 9_400_000, _MEASURED),
    "td-hm_mobilenetv2_photos": Training(0.028, "core", 9_400_000, _MEASURED),
    "mask-rcnn_r50_fpn": Training(
        8 / 53,
        "gpu",
        178_000_000,
        "MMDetection's 53 images/s on 8 V100, in Detectron2's benchmark (docs/notes/benchmarks.md)",
    ),
    "faster-rcnn_r50_fpn": Training(
        0.216 / 2,
        "gpu",
        166_000_000,
        "MMDetection's 0.216 s a step of 2 images on a V100 (docs/en/model_zoo.md)",
    ),
    # Nobody publishes TinaFace's speed. RetinaNet's is MMDetection's 0.205 s for 2 images of 1333 x 800 px, padded.
    "tinaface_r50": Training(
        0.205 / 2 * 238.4 / 250.5,
        "gpu",
        150_000_000,
        "computed: RetinaNet R50-FPN on a V100 (MMDetection, docs/en/model_zoo.md), by billions of multiplications",
    ),
    "td-hm_r50_256x192": Training(
        8 * 0.28 / 512,
        "gpu",
        136_000_000,
        "MMPose's 0.28 s a step on 8 V100 (docs/en/notes/benchmark.md), taken as 64 people a GPU",
    ),
    "td-hm_hrnet-w32_256x192": Training(
        8 * 0.54 / 512,
        "gpu",
        114_000_000,
        "MMPose's 0.54 s a step on 8 V100 (docs/en/notes/benchmark.md), taken as 64 people a GPU",
    ),
}


def training_of(config: str) -> Training | None:
    """What training with an MM config costs, or None where nobody measured it."""
    name = Path(config).stem
    fitting = [beginning for beginning in TRAININGS if name.startswith(beginning)]
    return TRAININGS[max(fitting, key=len)] if fitting else None


# A forward pass is about a third of forward and backward.
EVALUATION_SHARE = 1 / 3

# Core seconds a megapixel to check, hash and copy an image: half of what decoding and encoding take together.
CONVERT = 0.05
# Core seconds to render a scene of 256 x 192 px.
RENDER = 0.04

# Core seconds: a body's outline; and an image in which MTCNN looks for faces.
BODY_OUTLINE, FACE_SEARCH = 0.0005, 0.12

# Core seconds a megapixel, decoding and encoding included (benchmarks/anonymize.py, Penn-Fudan, medium level).
ANONYMIZE = {"blur": 0.113, "pixelate": 0.098, "mask_out": 0.095, "inpaint": 0.114}
# Core seconds a person, codec included, at NETWORK_PIXELS and NETWORK_CHANNELS (benchmarks/gan.py, Penn-Fudan).
SYNTHESIZE = 0.08
# Core seconds a person and epoch of a generator's training at that size: 37 minutes for 296 people and 45 epochs.
GENERATOR = 0.167
# The largest generator that was measured. Costs are taken as proportional to pixels; wider networks are unknown.
NETWORK_PIXELS, NETWORK_CHANNELS = 128 * 256, 16

# Bytes a pixel: of photographs as published (COCO 2017: 19.3 GB, 118,287 images of 0.28 megapixels on average), and of
# JPEGs at quality 100 with full chroma (measured: 0.91 on Penn-Fudan, 0.77 on LSPET).
ORIGINAL_BYTES, VARIANT_BYTES = 0.55, 0.9
# Bytes of an evaluated image, and task, in a file of predictions; and of a cell.
PREDICTION_BYTES, CELL_BYTES = 180, 20_000
# Bytes of a generator's files at the measured size, its snapshots included.
GENERATOR_BYTES = 60_000_000
# Size of an image in px where it is not known: 640 x 480.
USUAL_PIXELS = 307_200
