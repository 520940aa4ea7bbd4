"""The record of the images on which two models differ most: what is kept of each, and that it survives the disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as rle

from anonbench.common.records import read_record, write_record
from anonbench.evaluate.comparison import compare
from anonbench.evaluate.contrasts.contrast import MOST, contrast_models
from anonbench.evaluate.contrasts.record import CellContrast, Instance
from anonbench.evaluate.contrasts.seen import most_different, see
from tests.helpers.scored import annotation, dataset, random_data

KEY = ("d", "m", "face-gan-low", 3)


def of(task, first, second, split):
    return contrast_models(*KEY, split, (first, second), [task]).tasks[task]


@pytest.mark.parametrize("task", ["detection", "instance_segmentation"])
def test_it_holds_what_is_seen_of_the_images_that_differ_most(task: str, tmp_path: Path) -> None:
    split, first = random_data(np.random.default_rng(1), images=60)
    second = {kind: records[::2] for kind, records in first.items()}
    write_record(tmp_path / "c.json", contrast_models(*KEY, split, (first, second), [task]))
    record = read_record(CellContrast, tmp_path / "c.json")
    assert (record.dataset, record.model, record.variant, record.seed) == KEY
    found = record.tasks[task]
    pairs = most_different(*(see(compare(split, one, task)) for one in (first, second)), MOST)
    assert len(found.images) == MOST == 20
    assert [image.file_name for image in found.images] == [pair[0].image["file_name"] for pair in pairs]
    for image, pair in zip(found.images, pairs, strict=True):
        for kept, seen in zip((image.original, image.variant), pair, strict=True):
            assert [one.match for one in kept] == seen.match.tolist()
            assert [one.score for one in kept] == [one["score"] for one in seen.found]
            assert [one.category for one in kept] == [one["category_id"] for one in seen.found]
            for one, other in zip(kept, seen.found, strict=True):
                if found.kind == "bbox":
                    assert one.place == other["bbox"]
                else:
                    assert (rle.decode(one.place.model_dump()) == rle.decode(other["segmentation"])).all()
        assert [one.category for one in image.instances] == [one["category_id"] for one in pair[0].truth]
    assert {one.id: one.name for one in found.categories}[2] == "person"


def test_poses_keep_their_skeleton_and_the_people_who_count() -> None:
    points = [20, 20, 2, 40, 20, 2, 20, 60, 2, 40, 60, 2, 30, 10, 0]
    person = annotation(1, 1, 2, (10, 0, 40, 70), keypoints=points, num_keypoints=4)
    bare = annotation(2, 1, 2, (100, 80, 40, 70))
    split = dataset([bare, person])
    split["categories"][0]["skeleton"] = [[1, 2], [3, 4]]
    pose = {"image_id": 1, "category_id": 2, "keypoints": [*map(float, points)], "score": 0.5}
    found = of("pose", {"keypoints": [pose]}, {"keypoints": []}, split)
    assert found.kind == "keypoints" and found.categories[0].skeleton == [[1, 2], [3, 4]]
    (image,) = found.images
    assert image.instances == [Instance(category=2, place=points)] and image.variant == []
    assert [(one.match, one.score) for one in image.original] == [(0, 0.5)]


def test_models_that_agree_differ_on_no_image() -> None:
    split, results = random_data(np.random.default_rng(1), images=10)
    assert of("detection", results, results, split).images == []
