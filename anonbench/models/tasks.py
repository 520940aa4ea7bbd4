"""Whether a model and a split can serve the tasks that the configuration wants of them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from anonbench.common.errors import UserError
from anonbench.config.models import ModelConfig
from anonbench.config.plugins import TASKS


def check_tasks(model: ModelConfig, kinds: Collection[str], split: dict[str, Any], annotations: Path) -> None:
    """Stop before hours are spent on a model that cannot be scored.

    A task is served by a model that gives the kind of result that it scores. Only this name is asked of the task, whose
    module the registry loads: how a task is scored can change without training again.

    Parameters
    ----------
    model
        The model of the configuration.
    kinds
        What it gives: :func:`anonbench.models.openmmlab.model_config.result_kinds`.
    split
        The training split in the common form, read from ``annotations``.

    Raises
    ------
    UserError
        If there is no such task, the model does not serve it, or no instance has what it needs.
    """
    for task in model.tasks:
        kind = TASKS[task].kind
        if kind not in kinds:
            served = [name for name in TASKS.names() if TASKS[name].kind in kinds]
            raise UserError(
                f"The model does not serve the task {task!r}.",
                f"Set the model's `tasks` to some of {', '.join(served)}.",
            )
        if not any(record.get(kind) and not record.get("iscrowd") for record in split["annotations"]):
            raise UserError(
                f"The task {task!r} needs annotations with `{kind}`, and {annotations} has none.",
                f"Take {task!r} out of the model's `tasks`, or use another model for this dataset.",
            )
