"""The section ``models``: what is trained, and the tasks that it serves."""

from __future__ import annotations

from typing import Annotated

from anonbench.common.validation import Model
from anonbench.config.types import NonEmpty


class ModelConfig(Model):
    """An MM config and the tasks that its trained model serves."""

    config: str
    tasks: Annotated[list[str], NonEmpty]
