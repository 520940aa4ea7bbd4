"""What a model is to be trained from, as one record that also travels between processes."""

from __future__ import annotations

from pathlib import Path

from anonbench.common.validation import Model
from anonbench.config.models import ModelConfig
from anonbench.config.runtime import RuntimeConfig
from anonbench.variants.variant_images import VariantFiles


class Training(Model):
    """One training of a model on one variant of a training split.

    Parameters
    ----------
    model
        Its MM config, and the tasks that it will be scored on, which are checked before anything is trained.
    annotations
        The training split in the common form.
    images
        The variant's.
    out_dir
        Receives ``checkpoint.safetensors``, ``config.py`` and ``scalars.json``.
    seed
        Of weights, order and augmentation.
    runtime
        ``gpus`` processes, each with ``threads`` for tensor operators and on ``device``; ``precision`` ``amp`` is mixed
        precision on CUDA and float32 elsewhere.
    """

    model: ModelConfig
    annotations: Path
    images: VariantFiles
    out_dir: Path
    seed: int
    runtime: RuntimeConfig = RuntimeConfig()
