"""Whether a model and a split can serve the tasks that the configuration wants of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from anonbench.common.errors import UserError


def check_tasks(tasks: Sequence[str], served: Sequence[str], split: dict[str, Any], annotations: Path) -> None:
    """Stop before hours are spent on a model that cannot be scored.

    Parameters
    ----------
    tasks
        Names of the configuration's ``models.<name>.tasks``.
    served
        Those of the model, :func:`anonbench.models.openmmlab.model_config.served_tasks`.
    split
        The training split in the common form, read from ``annotations``.

    Raises
    ------
    UserError
        If the model does not serve a task, or no instance has the masks or keypoints that a task needs.
    """
    for task in tasks:
        if task not in served:
            raise UserError(
                f"The model does not serve the task {task!r}.",
                f"Set the model's `tasks` to some of {', '.join(served)}.",
            )
    for task, key in (("instance_segmentation", "segmentation"), ("pose", "keypoints")):
        if task in tasks and not any(a.get(key) and not a.get("iscrowd") for a in split["annotations"]):
            raise UserError(
                f"The task {task!r} needs annotations with `{key}`, and {annotations} has none.",
                f"Take {task!r} out of the model's `tasks`, or use another model for this dataset.",
            )
