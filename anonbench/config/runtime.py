"""The section ``runtime``: where and how jobs compute."""

from __future__ import annotations

from typing import Literal

from anonbench.common.validation import Model
from anonbench.config.types import Positive


class RuntimeConfig(Model):
    """Device, precision, threads and container; changing all of them but the precision re-runs nothing."""

    device: str = "auto"
    precision: Literal["float32", "amp"] = "float32"
    threads: Positive = 1
    gpus: Positive = 1
    container: str = "container.sif"
