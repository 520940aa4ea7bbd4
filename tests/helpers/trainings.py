"""Trainings of the toy models."""

from __future__ import annotations

from pathlib import Path

from anonbench.config.models import ModelConfig
from anonbench.config.runtime import RuntimeConfig
from anonbench.models.training import Training
from anonbench.variants.variant_images import VariantFiles


def training_of(
    config: Path, task: str, split: tuple[Path, VariantFiles], out_dir: Path, gpus: int = 1, device: str = "cpu"
) -> Training:
    """A training of a model for one task, with the seed 0."""
    return Training(
        model=ModelConfig(config=str(config), tasks=[task]),
        annotations=split[0],
        images=split[1],
        out_dir=out_dir,
        seed=0,
        runtime=RuntimeConfig(device=device, gpus=gpus),
    )
