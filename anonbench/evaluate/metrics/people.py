"""AP of people by their height, by how much others cover them, and by how crowded their image is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anonbench.evaluate.comparison import Comparison
from anonbench.evaluate.matches import Matches, average_precisions, every_image_once
from anonbench.evaluate.matching import Pair, matches_by_choice
from anonbench.evaluate.metric import Metric, Resampled, Scores, Stratum, mean_of_defined
from anonbench.evaluate.overlap import encoded, overlaps
from anonbench.evaluate.records import Record, by_image, counts
from anonbench.evaluate.strata import CROWDINGS, HEIGHTS, OCCLUSIONS, covered_shares, people_per_image

_MOST = {"bbox": 100, "segmentation": 100, "keypoints": 20}  # detections per image and category, as COCO takes


@dataclass(frozen=True)
class Band:
    """One stratum of a scope: the matches of each category of people, and (I,) bool, the images that are scored."""

    scope: str
    name: str
    matches: tuple[Matches, ...]
    images: np.ndarray

    @property
    def instances(self) -> int:
        """How many people count."""
        return sum(int(self.images[one.owners].sum()) for one in self.matches)

    def average_precisions(self, draws: np.ndarray) -> np.ndarray:
        """(B, T) average precisions of resamples by IoU threshold, the mean over categories."""
        return mean_of_defined(average_precisions(self.matches, draws * self.images.astype(draws.dtype)))


class People(Metric[list[Band]]):
    """``AP`` and ``AP50`` of some of the people, in strata of three scopes:

    - ``height_px``: the height of the box in px, divided at 32, 64, 128 and 256 px
    - ``occlusion``: the share of the box that other annotated people cover, by their masks where they have one, else
      by their boxes: ``bare`` below 0.1, ``partial`` below 0.35, and ``heavy``
    - ``crowding``: how many people the image shows: 1, 2 to 4, 5 to 9, and 10 or more, or some annotated as a crowd

    The rule is COCO's, whatever the split's protocol, averaged over the categories that are people. People outside a
    stratum are ignored as COCO ignores instances of other areas, and so are detections of another height that match
    nobody; in ``occlusion``, detections that match nobody are wrong in every stratum. A stratum of ``crowding`` is
    scored over its images alone. Faces that no setting of WIDER FACE counts are ignored. Strata without an instance
    are left out, as are all where no category is people. In resamples they have ``AP`` alone.
    """

    kinds = ("bbox", "segmentation", "keypoints")

    def score(self, comparison: Comparison) -> Scores:
        strata: dict[str, dict[str, Stratum]] = {}
        for band in self.details(comparison):
            found = band.average_precisions(every_image_once(len(comparison.image_ids)))
            metrics = {"AP": float(found.mean()), "AP50": float(found[0, 0])}
            strata.setdefault(band.scope, {})[band.name] = Stratum(instances=band.instances, metrics=metrics)
        return Scores({}, strata=strata)

    def details(self, comparison: Comparison) -> list[Band]:
        people = [category for category in comparison.categories if category.get("is_person")]
        if not people:
            return []
        described = _described(comparison, {category["id"] for category in people})
        found = comparison.found()
        # By choice of who counts: everybody, each band of heights, each of occlusions.
        everybody, *chosen = zip(
            *(_matches(comparison, described, found, category) for category in people), strict=True
        )
        every = np.ones(len(comparison.image_ids), dtype=bool)
        bands = [Band("height_px", name, matches, every) for name, matches in zip(HEIGHTS.names, chosen, strict=False)]
        rest = chosen[len(HEIGHTS.names) :]
        bands += [Band("occlusion", name, matches, every) for name, matches in zip(OCCLUSIONS.names, rest, strict=True)]
        bands += [
            Band("crowding", name, everybody, described.crowding == number)
            for number, name in enumerate(CROWDINGS.names)
        ]
        return [band for band in bands if band.instances]

    def resample(self, details: list[Band], draws: np.ndarray) -> Resampled:
        strata: dict[str, dict[str, dict[str, np.ndarray]]] = {}
        for band in details:
            found = band.average_precisions(draws)
            strata.setdefault(band.scope, {})[band.name] = {"AP": found.mean(axis=1)}
        return Resampled({}, strata=strata)


@dataclass(frozen=True)
class _Described:
    """The people of a split.

    ``truth`` are (N,) instances with their ``place`` in the arrays, ``ignored`` (N,) bool those that never count.
    ``heights`` and ``occlusions`` are their (N,) bands, ``crowding`` is the (I,) band of images.
    """

    truth: list[Record]
    ignored: np.ndarray
    heights: np.ndarray
    occlusions: np.ndarray
    crowding: np.ndarray


def _described(comparison: Comparison, people: set[int]) -> _Described:
    split, annotations = comparison.split, comparison.annotations(people)
    truth = [record | {"place": place} for place, record in enumerate(comparison.truth(people))]
    ignored = np.array([not counts(record) for record in truth], dtype=bool)
    if split.get("info", {}).get("protocol") == "wider_face":
        ignored |= np.array(["hard" not in face.get("difficulty", ()) for face in annotations], dtype=bool)
    images = {image["id"]: image for image in split["images"]}
    shares = np.zeros(len(truth))
    for image_id, chosen in by_image(truth).items():
        places = [record["place"] for record in chosen]
        shares[places] = covered_shares([annotations[place] for place in places], images[image_id])
    heights = HEIGHTS.of([annotation["bbox"][3] for annotation in annotations])
    number = people_per_image(annotations)
    crowding = CROWDINGS.of([number.get(image_id, 0) for image_id in comparison.image_ids])
    return _Described(truth, ignored, heights, OCCLUSIONS.of(shares), crowding)


def _matches(comparison: Comparison, people: _Described, results: list[Record], category: Record) -> list[Matches]:
    """The matches of a category's detections where everybody counts, each band of heights, and each of occlusions."""
    kind = comparison.task.kind
    truth_of, found_of = (
        by_image(record for record in records if record["category_id"] == category["id"])
        for records in (people.truth, results)
    )
    images = {image["id"]: image for image in comparison.split["images"]}
    pairs = []
    for image_id in comparison.image_ids:
        found = sorted(found_of[image_id], key=lambda record: -record["score"])[: _MOST[kind]]
        truth = truth_of[image_id]
        if kind == "segmentation":
            truth = [record | {kind: encoded(record[kind], images[image_id])} for record in truth]
        places = np.array([record["place"] for record in truth], dtype=int)
        outside = _is_not(HEIGHTS.of([_height(record[kind], kind) for record in found]), len(HEIGHTS.names))
        nobody = np.zeros((1, len(places)), dtype=bool), np.zeros((1, len(found)), dtype=bool)
        others = [
            _is_not(of[places], len(bands.names))
            for of, bands in ((people.heights, HEIGHTS), (people.occlusions, OCCLUSIONS))
        ]
        pairs.append(
            Pair(
                overlaps(found, truth, kind, category.get("sigmas")),
                np.array([record["score"] for record in found], dtype=np.float64),
                np.array([record["iscrowd"] for record in truth], dtype=bool),
                np.concatenate([nobody[0], *others]) | people.ignored[places],
                np.concatenate([nobody[1], outside, np.repeat(nobody[1], len(OCCLUSIONS.names), axis=0)]),
            )
        )
    return matches_by_choice(pairs)


def _is_not(bands: np.ndarray, number: int) -> np.ndarray:
    """(B, N) bool, whether each of (N,) bands is another than each of ``number``."""
    return bands != np.arange(number)[:, None]


def _height(value: list[float] | Record, kind: str) -> float:
    """The height in px of a box, a mask or a pose."""
    if kind == "bbox":
        return value[3]
    if kind == "keypoints":
        return max(value[1::3]) - min(value[1::3])
    from pycocotools import mask as rle

    return float(rle.toBbox(value)[3])
