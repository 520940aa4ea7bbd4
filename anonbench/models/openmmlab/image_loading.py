"""How OpenMMLab's pipelines load the images of a variant: each put together of its original and its edit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.config import ConfigDict
from mmengine.registry import TRANSFORMS

from anonbench.common.errors import UserError
from anonbench.variants.manifest import image_folder
from anonbench.variants.variant_images import VariantFiles, VariantImages

# Steps that read the file of `img_path`; and what their options may be, for the pixels to be those that are served.
READERS = ("LoadImageFromFile", "LoadImage")
SERVED = {
    "color_type": ("color", "color_ignore_orientation"),  # the common form has no orientation to ignore
    "imdecode_backend": ("cv2", None),
    "backend_args": (None,),
    "file_client_args": (None,),
    "ignore_empty": (False,),
}
_ANY_READER = re.compile(r"(Load|Read).*Image")


@TRANSFORMS.register_module()
class LoadVariantImage(BaseTransform):
    """MMCV's ``LoadImageFromFile`` for the images of a variant: BGR, as OpenCV decodes them.

    Parameters
    ----------
    manifest, originals
        As of :class:`anonbench.variants.variant_images.VariantFiles`.
    to_float32
        Whether to return float32 instead of uint8.
    """

    def __init__(self, manifest: str, originals: str, to_float32: bool = False) -> None:
        self.folder = f"{image_folder(Path(manifest))}/"
        self.images = VariantImages(VariantFiles(manifest=manifest, originals=originals))
        self.to_float32 = to_float32

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        path = results["img_path"]
        if not path.startswith(self.folder):
            raise UserError(f"The model asks for the image {path}, which is none of the variant's.", _FIX)
        image = cv2.cvtColor(self.images.read(path.removeprefix(self.folder)), cv2.COLOR_RGB2BGR)
        results["img"] = image.astype(np.float32) if self.to_float32 else image
        results["img_shape"] = results["ori_shape"] = image.shape[:2]
        return results


def serve(dataset: ConfigDict, images: VariantFiles) -> None:
    """Let a dataset's config, however nested its pipeline is, load a variant's images; it is changed in place.

    Raises
    ------
    UserError
        If no step loads images, or one does so in another way than :class:`LoadVariantImage` can.
    """
    dataset.data_prefix = {"img": str(image_folder(images.manifest))}
    found = [step for step in dicts(dataset) if "type" in step and _is_reader(_name(step))]
    for step in found:
        _check(step)
        step.update(type=LoadVariantImage.__name__, manifest=str(images.manifest), originals=str(images.originals))
        for option in SERVED:
            step.pop(option, None)
    if not found:
        raise UserError("A pipeline of the model config has no step that loads images.", _FIX)


def dicts(value: Any) -> Iterator[dict[str, Any]]:
    """Every dict in a nested config value."""
    if isinstance(value, dict):
        yield value
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        return
    for item in value:
        yield from dicts(item)


_FIX = "Load images with the step LoadImageFromFile (mmdet) or LoadImage (mmpose), in colour and with OpenCV."


def _name(step: dict[str, Any]) -> str:
    """The bare name of a step's type, which may be a class or have a scope."""
    kind = step["type"]
    return (kind if isinstance(kind, str) else kind.__name__).rpartition(".")[2]


def _is_reader(name: str) -> bool:
    return bool(_ANY_READER.match(name))


def _check(step: dict[str, Any]) -> None:
    name = _name(step)
    if name not in (*READERS, LoadVariantImage.__name__):
        raise UserError(f"The step {name} of the model config cannot load the images of a variant.", _FIX)
    for option, values in SERVED.items():
        if step.get(option, values[0]) not in values:
            raise UserError(f"The step {name} of the model config sets {option} to {step[option]!r}.", _FIX)
