"""A model's predictions on a split, as a file: a list in COCO's result format for each kind of result.

The kinds are COCO's own keys: ``bbox``, ``segmentation`` and ``keypoints``. They are not tasks: which tasks are scored,
and how, is decided later, so that no model runs again for it. The file is compressed JSON. Numbers keep every digit,
and may be NaN or infinite where a training has diverged; the same predictions give the same bytes.
"""

from __future__ import annotations

import gzip
import json
import zlib
from functools import cache
from pathlib import Path
from typing import Annotated, NotRequired

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict  # pydantic takes no other before Python 3.12

from anonbench.common.errors import UserError
from anonbench.common.files import write_bytes

# Bytes of JSON: 40 times what a detector with masks finds on COCO's 5,000 validation images, 100 to an image.
LARGEST = 10**10

_LEVEL = 6  # of compression: higher ones take several times as long for a few per cent


class Result(TypedDict):
    """What COCO's results of every kind say; ``score`` in [0, 1]."""

    image_id: int
    category_id: int
    score: float


class Box(Result):
    """A box ``[x, y, w, h]`` in px of the original image."""

    bbox: Annotated[list[float], Field(min_length=4, max_length=4)]


class Rle(TypedDict):
    """A mask in COCO's compressed form, of ``size`` ``[height, width]`` px."""

    size: Annotated[list[int], Field(min_length=2, max_length=2)]
    counts: str


class Mask(Result):
    """A mask of the original image's size."""

    segmentation: Rle


class Pose(Result):
    """Keypoints flat ``[x, y, score] * K`` in px of the original image; of the annotated person where that is known."""

    keypoints: list[float]
    annotation_id: NotRequired[int]


class Predictions(TypedDict, total=False):
    """Results by kind; a kind that the model does not give is absent."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    bbox: list[Box]
    segmentation: list[Mask]
    keypoints: list[Pose]


def write_predictions(path: Path | str, predictions: Predictions) -> None:
    """Write predictions, whole or not at all."""
    text = json.dumps(predictions, ensure_ascii=False, separators=(",", ":"))
    write_bytes(path, gzip.compress(text.encode(), _LEVEL, mtime=0))


def read_predictions(path: Path | str) -> Predictions:
    """Read what :func:`write_predictions` wrote, in the same order and to the same bits.

    Raises
    ------
    UserError
        If the file is missing, damaged, too large, or holds anything else.
    """
    fix = "Delete it and run the workflow again."
    try:
        with gzip.open(path) as stream:
            text = stream.read(LARGEST + 1)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist.", "Run the workflow, which predicts before it scores.") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UserError(f"{path} is damaged ({error}).", fix) from None
    if len(text) > LARGEST:
        raise UserError(f"{path} holds more than {LARGEST / 1e9:.0f} GB of predictions.", fix)
    try:
        return _form().validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        what = ".".join(map(str, first["loc"])) or "the whole"
        raise UserError(f"{path} does not hold predictions ({what}: {first['msg']}).", fix) from None


@cache
def _form() -> TypeAdapter[Predictions]:
    return TypeAdapter(Predictions)
