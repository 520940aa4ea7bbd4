"""Where the faces or bodies of a photograph are: found by a detector, or as a COCO file says."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from anonbench.config.regions import FaceRegionConfig
from anonbench.config.types import Region as RegionName
from anonbench.detect import faces
from anonbench.detect.detector import Detections
from anonbench.regions.face import grown
from anonbench.regions.files import RegionFile, decode_region
from anonbench.regions.landmarks import LANDMARKS, Marker
from anonbench.regions.region import DETECTED, Region

# By which share of its longer side a detected person's box grows: it ends at the wrists and ankles.
_GROW = 0.05


@dataclass(frozen=True)
class Hit:
    """A region, and how sure the detector was, in 0..1; None for what nobody detected."""

    region: Region
    score: float | None = None


class Finder(ABC):
    """Says which regions of a photograph must be hidden. It travels to worker processes before it is opened."""

    keypoint_names: Sequence[str] = ()
    """What the regions' keypoints are, in their order."""

    @abstractmethod
    def open(self) -> None:
        """Load whatever it needs, once per process."""

    @abstractmethod
    def __call__(self, name: str, image: np.ndarray) -> list[Hit]:
        """The regions of the photograph of that name, (height, width, 3) uint8 RGB."""


class DetectedFaces(Finder):
    """The faces that a detector finds, grown as in a study.

    Parameters
    ----------
    config
        As of a study.
    landmarks
        Whether they are looked for, too, which generators need and nobody else.
    """

    def __init__(self, config: FaceRegionConfig, landmarks: bool) -> None:
        self.config, self.landmarks = config, landmarks
        self.keypoint_names = LANDMARKS if landmarks else ()

    def open(self) -> None:
        self._detect = faces.face_detector(self.config)
        self._mark = Marker(self.config.grow)

    def __call__(self, name: str, image: np.ndarray) -> list[Hit]:
        hits = _hits(self._detect(image), self.config.grow)
        if not self.landmarks:
            return hits
        marked = self._mark(image, [hit.region for hit in hits])
        return [replace(hit, region=region) for hit, region in zip(hits, marked, strict=True)]


class DetectedBodies(Finder):
    """The people that a detector finds.

    Parameters
    ----------
    threshold
        The least confidence, in 0..1; the detector's own where it is None.
    """

    def __init__(self, threshold: float | None) -> None:
        self.threshold = threshold

    def open(self) -> None:
        from anonbench.detect import nanodet

        self._detect = nanodet.NanoDet(**({} if self.threshold is None else {"threshold": self.threshold}))

    def __call__(self, name: str, image: np.ndarray) -> list[Hit]:
        return _hits(self._detect(image), _GROW)


def _hits(found: Detections, grow: float) -> list[Hit]:
    boxes = grown(found.boxes, grow)
    return [Hit(Region(box, source=DETECTED), float(score)) for box, score in zip(boxes, found.scores, strict=True)]


def detected(region: RegionName, config: FaceRegionConfig, threshold: float | None, landmarks: bool) -> Finder:
    """The finder of a region with a detector; ``config`` is how a study finds faces, ``threshold`` replaces its own.

    Faces have ``landmarks`` where a generator is to read them.
    """
    if region == "body":
        return DetectedBodies(threshold)
    config = config if threshold is None else config.model_copy(update={"threshold": threshold})
    return DetectedFaces(config, landmarks)


class Given(Finder):
    """What a split's region file says.

    Parameters
    ----------
    regions
        Of every photograph, which have different names.
    """

    def __init__(self, regions: RegionFile) -> None:
        self.images = {image.file_name: image for image in regions.images}
        self.keypoint_names = regions.keypoint_names

    def open(self) -> None:
        """Nothing: it is here already."""

    def __call__(self, name: str, image: np.ndarray) -> list[Hit]:
        return [Hit(decode_region(record)) for record in self.images[name].regions]
