"""What of a split a variant shows to a training: all but the images and labels that its method leaves out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from anonbench.common.errors import UserError
from anonbench.config.plugins import TASKS
from anonbench.variants.manifest import Manifest


def shown_split(split: dict[str, Any], variant: Manifest, tasks: Iterable[str]) -> dict[str, Any]:
    """The split without what the variant leaves out; the split itself where it leaves out nothing.

    Parameters
    ----------
    split
        The training split in the common form.
    variant
        Its variant's manifest.
    tasks
        What the model is trained for.

    Raises
    ------
    UserError
        If no image is left, or no label that a task learns from.
    """
    if not any(entry.dropped for entry in variant.images):
        return split
    left_out = {entry.file_name for entry in variant.images if entry.is_left_out}
    removed = {label for entry in variant.images for label in entry.removed_labels}
    images = [image for image in split["images"] if image["file_name"] not in left_out]
    ids = {image["id"] for image in images}
    annotations = [one for one in split["annotations"] if one["image_id"] in ids and one["id"] not in removed]
    title = f"{variant.variant} of {variant.dataset} {variant.split}"
    if not images:
        raise UserError(f"{title} leaves out each of its {len(left_out)} images.", _FIX)
    for task in tasks:
        kind = TASKS[task].kind
        if not any(one.get(kind) and not one.get("iscrowd") for one in annotations):
            raise UserError(f"{title} leaves no label that the task {task!r} could learn from.", _FIX)
    return split | {"images": images, "annotations": annotations}


def require_everything(variant: Manifest) -> None:
    """Stop where a variant would be evaluated that leaves out images or labels.

    Raises
    ------
    UserError
        If it leaves out something.
    """
    if any(entry.dropped for entry in variant.images):
        raise UserError(
            f"{variant.variant} of {variant.dataset} {variant.split} leaves out images or labels, for training only.",
            "Evaluate on the original images.",
        )


_FIX = "Take the method out of this dataset's or model's block: nothing can be trained with it."
