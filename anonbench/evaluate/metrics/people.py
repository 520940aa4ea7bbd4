"""AP of people by their height, by how much others cover them, and by how crowded their image is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from anonbench.evaluate.comparison import Comparison
from anonbench.evaluate.matches import Matches, average_precisions
from anonbench.evaluate.matching import Pair, matches_by_choice
from anonbench.evaluate.metric import Metric, Scores, Stratum
from anonbench.evaluate.overlap import encoded, overlaps
from anonbench.evaluate.records import Record, counts
from anonbench.evaluate.strata import CROWDINGS, HEIGHTS, OCCLUSIONS, covered_shares, people_per_image

_MOST = {"bbox": 100, "segmentation": 100, "keypoints": 20}  # detections per image and category, as COCO takes


class People(Metric[None]):
    """``AP`` and ``AP50`` of some of the people, in strata of three scopes:

    - ``height_px``: the height of the box in px, divided at 32, 64, 128 and 256 px
    - ``occlusion``: the share of the box that other annotated people cover, by their masks where they have one, else
      by their boxes: ``bare`` below 0.1, ``partial`` below 0.35, and ``heavy``
    - ``crowding``: how many people the image shows: 1, 2 to 4, 5 to 9, and 10 or more, or some annotated as a crowd

    The rule is COCO's, whatever the split's protocol, averaged over the categories that are people. People outside a
    stratum are ignored as COCO ignores instances of other areas, and so are detections of another height that match
    nobody; in ``occlusion``, detections that match nobody are wrong in every stratum. A stratum of ``crowding`` is
    scored over its images alone. Faces that no setting of WIDER FACE counts are ignored. Strata without an instance
    are left out, as are all where no category is people. They are not resampled.
    """

    kinds = ("bbox", "segmentation", "keypoints")

    def score(self, comparison: Comparison) -> Scores:
        people = [category for category in comparison.categories if category.get("is_person")]
        if not people:
            return Scores({})
        described = _described(comparison, {category["id"] for category in people})
        found = comparison.found()
        # By choice of who counts: everybody, each band of heights, each of occlusions.
        everybody, *chosen = zip(
            *(_matches(comparison, described, found, category) for category in people), strict=True
        )
        heights, occlusions = chosen[: len(HEIGHTS.names)], chosen[len(HEIGHTS.names) :]
        images = [np.flatnonzero(described.crowding == band) for band in range(len(CROWDINGS.names))]
        strata = {
            "height_px": _strata(HEIGHTS.names, ((matches, None) for matches in heights)),
            "occlusion": _strata(OCCLUSIONS.names, ((matches, None) for matches in occlusions)),
            "crowding": _strata(CROWDINGS.names, ((everybody, of) for of in images)),
        }
        return Scores({}, strata={scope: named for scope, named in strata.items() if named})


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
    for image_id, chosen in _by_image(truth).items():
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
        _by_image(record for record in records if record["category_id"] == category["id"])
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


def _by_image(records: Iterable[Record]) -> dict[int, list[Record]]:
    found = defaultdict(list)
    for record in records:
        found[record["image_id"]].append(record)
    return found


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


def _strata(names: tuple[str, ...], of: Iterable[tuple[tuple[Matches, ...], np.ndarray | None]]) -> dict[str, Stratum]:
    """The metrics of each band, from the matches of all categories and the images that are scored."""
    strata = {}
    for name, (matches, images) in zip(names, of, strict=True):
        instances = sum(int(one.instances[slice(None) if images is None else images].sum()) for one in matches)
        if instances:
            values = average_precisions(matches, images)
            strata[name] = Stratum(instances=instances, metrics={key: values[key] for key in ("AP", "AP50")})
    return strata
