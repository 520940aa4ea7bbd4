"""Pictures of the validation images on which a variant's model and the originals' model differ most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from anonbench.common.images import decode, encode
from anonbench.evaluate.contrasts.record import CellContrast, Detection
from anonbench.report.drawing import GAP, PANE, side_by_side
from anonbench.report.names import slug
from anonbench.report.pictures import uri

MOST, MOST_ON_PAGE = 20, 6  # images of a variant in a task, at most: as files, and in the page
ALL, ALL_ON_PAGE = 2000, 180  # of a study, of which every variant has the same share, but one at least
JPEG_QUALITY = 75
WIDE = 2 * PANE + GAP  # px


@dataclass(frozen=True)
class Tally:
    """What a model finds in an image: ``right`` of its instances, and so many ``false`` detections."""

    right: int
    false: int

    @classmethod
    def of(cls, found: Sequence[Detection]) -> Tally:
        right = sum(one.match >= 0 for one in found)
        return cls(right, len(found) - right)


@dataclass(frozen=True)
class Differing:
    """An image on which two models differ.

    ``instances`` are in it; ``file`` is its place below ``figures/``, ``jpeg`` what that file holds. ``source`` is the
    same picture as a data URI, of ``width`` and ``height`` px, and empty where the page does not show it.
    """

    name: str
    instances: int
    original: Tally
    variant: Tally
    file: str
    jpeg: bytes
    source: str
    width: int
    height: int


@dataclass(frozen=True)
class Contrast:
    """The images on which the models of a seed differ most; ``rendered`` where no real person is in them."""

    dataset: str
    task: str
    model: str
    variant: str
    seed: int
    rendered: bool
    images: Sequence[Differing]


@dataclass(frozen=True)
class Share:
    """How many images of every variant and task there are at most, and how many of these are in the page."""

    files: int
    page: int

    @classmethod
    def of(cls, contrasts: int) -> Share:
        """Of a study with so many variants and tasks."""
        return cls(*(max(1, min(most, every // max(1, contrasts))) for most, every in _LIMITS))


_LIMITS = ((MOST, ALL), (MOST_ON_PAGE, ALL_ON_PAGE))


def contrast(found: CellContrast, task: str, rendered: bool, images: Path, share: Share) -> Contrast:
    """Draw the images on which a variant's model and the originals' model differ most.

    Parameters
    ----------
    found
        What is to be drawn.
    task
        Of which of its tasks.
    rendered
        Whether no real person is in the images.
    images
        The folder of the validation images.
    share
        How many are drawn.

    Raises
    ------
    UserError
        If an image is missing or damaged.
    """
    folder = f"worst/{slug(found.dataset, found.model, task)}/{slug(found.variant)}"
    titles = ("trained on the originals", f"trained on {found.variant}")
    of = found.tasks[task]
    drawn = []
    for rank, image in enumerate(of.images[: share.files], 1):
        picture = side_by_side(decode(images / image.file_name), image, titles, of)
        height, width = picture.shape[:2]
        drawn.append(
            Differing(
                name=image.file_name,
                instances=len(image.instances),
                original=Tally.of(image.original),
                variant=Tally.of(image.variant),
                file=f"{folder}/{rank:02d}-{slug(Path(image.file_name).stem)[:80]}.jpg",
                jpeg=encode(picture, ".jpg", JPEG_QUALITY),
                source=uri(picture, WIDE) if rank <= share.page else "",
                width=width,
                height=height,
            )
        )
    return Contrast(found.dataset, task, found.model, found.variant, found.seed, rendered, drawn)
