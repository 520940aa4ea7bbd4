"""What a unit of work costs as long as nothing is measured on the machine itself: see :mod:`anonbench.study.units`.

Measured on one x86-64 core, in CPU seconds, or on one NVIDIA H200, in wall-clock seconds. Other machines differ by a
factor; the ratios hold better.
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
    evaluation
        What an evaluated image takes, as a share of ``seconds``; None for :data:`EVALUATION_SHARE`.
    """

    seconds: float
    on: Literal["core", "gpu"]
    checkpoint: int
    source: str
    evaluation: float | None = None


# The machines that the figures hold for.
CORE, GPU = "one core of an x86-64 machine", "one NVIDIA H200"

_MEASURED = "measured on one core"
_ON_GPU = "measured on one NVIDIA H200 in mixed precision, loading data aside (docs/results/gpu.md): "

# By the beginning of the MM config's file name; the longest that fits counts. On a GPU it is a step's time, with the
# batch that the config has.
TRAININGS = {
    "mask-rcnn_mobilenetv2_demo": Training(0.095, "core", 12_400_000, _MEASURED),
    "mask-rcnn_mobilenetv2_photos": Training(0.2, "core", 13_800_000, _MEASURED),
    # It learns from crops of 320 px and is evaluated on whole images, in 0.22 s.
    "atss_mobilenetv2_photos": Training(0.085, "core", 10_900_000, _MEASURED, evaluation=2.6),
    "td-hm_mobilenetv2_demo": Training(0.011, "core", 9_400_000, _MEASURED),
    "td-hm_mobilenetv2_photos": Training(0.028, "core", 9_400_000, _MEASURED),
    "mask-rcnn_r50_fpn": Training(0.0386 / 2, "gpu", 178_000_000, _ON_GPU + "38.6 ms for 2 images of COCO's size"),
    "mask-rcnn_r50_fpn_cityscapes": Training(0.0543, "gpu", 178_000_000, _ON_GPU + "54.3 ms for 1 image"),
    # Not measured, nor is BDD100K's Mask R-CNN, whose images are of COCO's size when they are scaled.
    "faster-rcnn_r50_fpn": Training(
        0.0386 / 2, "gpu", 166_000_000, "taken as Mask R-CNN's on one NVIDIA H200, which does the same and masks"
    ),
    "tinaface_r50": Training(0.1252 / 4, "gpu", 150_000_000, _ON_GPU + "125.2 ms for 4 images"),
    "td-hm_r50_256x192": Training(0.0152 / 64, "gpu", 136_000_000, _ON_GPU + "15.2 ms for 64 people"),
    "td-hm_hrnet-w32_256x192": Training(0.0416 / 64, "gpu", 114_000_000, _ON_GPU + "41.6 ms for 64 people"),
}


def training_of(config: str) -> Training | None:
    """What training with an MM config costs, or None where nobody measured it."""
    name = Path(config).stem
    fitting = [beginning for beginning in TRAININGS if name.startswith(beginning)]
    return TRAININGS[max(fitting, key=len)] if fitting else None


# A forward pass is about a third of forward and backward, on images of one size.
EVALUATION_SHARE = 1 / 3


def evaluation_share(config: str) -> float:
    """What an evaluated image or person takes, as a share of one in training."""
    training = training_of(config)
    return EVALUATION_SHARE if training is None or training.evaluation is None else training.evaluation


# Core seconds a megapixel to check, hash and copy an image: half of what decoding and encoding take together.
CONVERT = 0.05
# Core seconds a megapixel to check an original.
CHECK = 0.02
# Core seconds to render a scene of 256 x 192 px.
RENDER = 0.04

# Core seconds: a body's outline; and a megapixel in which CenterFace looks for faces (benchmarks/recall.py), decoding
# included.
BODY_OUTLINE, FACE_SEARCH = 0.0005, 0.12

# Core seconds a megapixel, decoding and encoding included (benchmarks/anonymize.py, Penn-Fudan, medium level).
ANONYMIZE = {
    "blur": 0.113,
    "pixelate": 0.098,
    "mask_out": 0.095,
    "inpaint": 0.114,
    "drop_labels": 0.095,
    "drop_images": 0.0,
}
# Core seconds a person, codec included, at the size of the generator below (benchmarks/gan.py, Penn-Fudan).
SYNTHESIZE = 0.08
# Core seconds a person and epoch of a generator's training at that size: 37 minutes for 296 people and 45 epochs.
GENERATOR = 0.167
# The generator that was measured. Costs are taken as proportional to pixels, and narrower networks as no cheaper.
NETWORK_WIDTH, NETWORK_HEIGHT, NETWORK_CHANNELS = 128, 256, 16
# Seconds of one NVIDIA H200 a person and epoch of coco_body's training, in mixed precision: 200.8 ms for 32 people
# (docs/results/gpu.md). Wider networks are unknown, and so is what generating people takes there.
GPU_GENERATOR = 0.2008 / 32
GPU_WIDTH, GPU_HEIGHT, GPU_CHANNELS = 160, 288, 64

# Core seconds to score an image of a cell; and to match it, or to draw it a thousand times (benchmarks/resampling.py).
SCORE, RESAMPLE = 0.01, 0.005
# ... and to say what its detections and poses do wrong there, and how they differ from another model's.
DIAGNOSE, CONTRAST = 0.003, 0.003
# Core seconds a photograph of a person, by the attack's plug-in; of memory also of the people around its generators.
# Of inversion, total variation takes twice as long.
ATTACK = {"naive": 0.0015, "parrot": 0.0015, "inversion": 0.02, "adaptive": 0.008, "residual": 0.001, "memory": 0.003}
# Core seconds of a job before its work begins, by rule; of rules whose work is not counted, the whole job.
STARTUP = {
    "fetch_file": 0.4,
    "verify_file": 0.4,
    "convert_split": 0.4,
    "check_originals": 0.3,
    "find_regions": 0.3,
    "train_generator": 3.2,
    "deal_regions": 0.3,
    "anonymize_shard": 0.3,
    "compose_variant": 0.2,
    "fetch_weights": 2.0,
    "relabel": 1.6,
    "train_model": 1.5,
    "predict": 1.6,
    "score": 0.3,
    "resample": 2.5,  # with the compiling
    "diagnose": 0.3,
    "attack": 6.0,
    "contrast": 0.3,
    "summarize": 0.6,
}

# Bytes a pixel of photographs as published (COCO 2017: 19.3 GB, 118,287 images of 0.28 megapixels on average).
ORIGINAL_BYTES = 0.55
# The share of the pixels that bodies and faces cover where a format does not know it: measured on 444 photographs of
# COCO with people. By how much an edit is larger: as bodies that grow by 4 % of their longer side.
BODIES, FACES, GROWN = 0.21, 0.09, 1.33
# Bytes of an edited pixel (benchmarks/loading.py, COCO, Penn-Fudan and WIDER FACE at the medium level; tiny faces take
# twice as many, but fill next to nothing). Any other method is taken to leave texture, as gan does.
EDIT_BYTES = {"blur": 0.7, "pixelate": 0.15, "mask_out": 0.05, "inpaint": 0.75}
TEXTURE_BYTES = 1.5
# Bytes of an image's entry in a manifest, with digests; there are two manifests.
ENTRY_BYTES = 600
# Bytes a pixel that an outside command reads and writes beside the edits, until its job ends.
OUTSIDE_BYTES = 4
# Bytes of an evaluated image, and task, in a file of predictions; of a cell; and of a resample and task in a cell's
# replicates, of 100 metrics.
PREDICTION_BYTES, CELL_BYTES, RESAMPLE_BYTES = 180, 20_000, 400
# Bytes an image of the annotations of a split (COCO 2017, 470 MB).
LABEL_BYTES = 4000
# Bytes of a cell's errors, and of the images of a task on which two models differ.
ERRORS_BYTES, CONTRAST_BYTES = 20_000, 100_000
# ... and of a person in what an attack reaches.
ATTACK_BYTES = 100
# Bytes of a generator's files at the measured size, its snapshots included.
GENERATOR_BYTES = 60_000_000
# Size of an image in px where it is not known: 640 x 480.
USUAL_PIXELS = 307_200
