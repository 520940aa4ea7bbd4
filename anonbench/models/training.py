"""What a model is to be trained from, as one record that also travels between processes."""

from __future__ import annotations

from pathlib import Path

from anonbench.common.validation import Model
from anonbench.config.models import ModelConfig
from anonbench.config.runtime import RuntimeConfig


class Training(Model):
    """One training of a model on one variant of a training split.

    Parameters
    ----------
    model
        Its MM config, and the tasks that it will be scored on, which are checked before anything is trained.
    annotations
        The training split in the common form.
    images_dir
        The variant's images, under the split's file names.
    out_dir
        Receives ``checkpoint.safetensors``, ``config.py`` and ``scalars.json``.
    seed
        Of weights, order and augmentation.
    data_fingerprint
        Changes whenever the variant's images do: its manifest's hash.
    runtime
        ``gpus`` processes, each with ``threads`` for tensor operators and on ``device``; ``precision`` ``amp`` is mixed
        precision on CUDA and float32 elsewhere.
    """

    model: ModelConfig
    annotations: Path
    images_dir: Path
    out_dir: Path
    seed: int
    data_fingerprint: str
    runtime: RuntimeConfig = RuntimeConfig()
