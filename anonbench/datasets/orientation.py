"""Whether a user's images with an EXIF orientation were annotated as stored, or turned, as viewers show them.

A file says how a viewer has to turn it; whether the annotation tool did so, only the annotations tell. A wrong guess
would leave everybody in the image visible, so what cannot be told has to be said by the user.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from anonbench.common.errors import UserError
from anonbench.config.types import Reading
from anonbench.datasets.extent import Size
from anonbench.datasets.names import shown
from anonbench.datasets.pictures import Stored

# Boxes are rounded, and drawn a little past the edge: px, and share of the side.
_SLACK_PX, _SLACK = 2, 0.01


@dataclass(frozen=True)
class Oriented:
    """An image with an EXIF orientation, and what its annotations say.

    Parameters
    ----------
    name
        Its ``file_name``.
    file
        What the file says of itself.
    declared
        The (width, height) px that the annotations claim, or None.
    boxes
        Where its annotations are: xywh px of boxes, polygons and labelled keypoints.
    mask_sizes
        The (width, height) px that its RLE masks have.
    """

    name: str
    file: Stored
    declared: Size | None
    boxes: Sequence[Sequence[float]]
    mask_sizes: Sequence[Size]


def readings(images: Sequence[Oriented], asked: Reading | None, where: str) -> dict[str, Reading]:
    """How each image was annotated, by its name.

    An image that is as wide as high only after turning, or not at all, is decided by itself where its masks' size or
    its boxes fit one reading only, or its declared size is that of the display. A declared size that is the stored one
    decides nothing: tools read it from the file and show the image turned. The others follow those that decide, if all
    of these agree; else what the user says counts.

    Parameters
    ----------
    images
        All images of a split with an EXIF orientation other than 1.
    asked
        What the user says of images that cannot be told.
    where
        What messages call the annotations.

    Raises
    ------
    UserError
        If an annotated image cannot be told and the user says nothing.
    """
    own = {image.name: _own_reading(image) for image in images}
    agreed = {reading for reading in own.values() if reading}
    others = agreed.pop() if len(agreed) == 1 else asked
    unknown = [image for image in images if not own[image.name] and _is_annotated(image)]
    if unknown and others is None:
        first = unknown[0]
        raise UserError(
            f"{where}: {len(unknown)} image(s) have an EXIF orientation, and neither their size nor their annotations"
            " tell whether they were annotated as stored in the file or turned by it, as viewers show them; the first"
            f" is {shown(first.name)!r} (orientation {first.file.orientation}).",
            "Look at one with its boxes, and set the dataset's `orientation` to `stored` or `displayed`.",
        )
    return {
        image.name: own[image.name] or (others if _is_annotated(image) else _declared_reading(image))
        for image in images
    }


def _own_reading(image: Oriented) -> Reading | None:
    stored, displayed = image.file.stored, image.file.displayed
    if stored == displayed:
        return None
    for fit in (
        [size in (stored, displayed) and size for size in image.mask_sizes],
        [size for box in image.boxes if (size := _only_fit(box, stored, displayed))],
    ):
        for_stored = fit.count(stored)
        for_displayed = fit.count(displayed)
        if for_stored != for_displayed:
            return "stored" if for_stored > for_displayed else "displayed"
    return "displayed" if image.declared == displayed else None


def _only_fit(box: Sequence[float], stored: Size, displayed: Size) -> Size | None:
    """The one of two sizes that a box fits into, or None."""
    fits = [
        all(box[i] + box[2 + i] <= size[i] * (1 + _SLACK) + _SLACK_PX for i in (0, 1)) for size in (stored, displayed)
    ]
    return None if fits[0] == fits[1] else stored if fits[0] else displayed


def _is_annotated(image: Oriented) -> bool:
    return bool(image.boxes or image.mask_sizes)


def _declared_reading(image: Oriented) -> Reading:
    stored = image.declared == image.file.stored != image.file.displayed
    return "stored" if stored else "displayed"
