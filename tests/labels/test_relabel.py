"""The file of re-made labels: whom it asks for, and that it is not there where nobody is found."""

from __future__ import annotations

import logging

import pytest

from anonbench.anonymize.dose import anonymized_part
from anonbench.common.errors import UserError
from anonbench.common.files import read_made, write_json
from anonbench.common.records import write_record
from anonbench.config.runtime import RuntimeConfig
from anonbench.labels import relabel as room
from anonbench.labels.remake import Counts
from anonbench.regions.files import ImageRegions, RegionFile, RegionRecord
from anonbench.variants.manifest import Counts as Images
from anonbench.variants.manifest import Manifest, write_manifest
from anonbench.variants.recipe import Recipe
from anonbench.variants.variant_images import VariantFiles
from tests.helpers.scored import annotation, dataset

RECIPE = Recipe(method="gan", plugin="gan", config={}, seed=3)


def regions(people: int) -> RegionFile:
    records = [RegionRecord(annotation_id=key, box=(10 + 30 * key, 10, 20, 20)) for key in range(1, people + 1)]
    stranger = RegionRecord(box=(10, 100, 9, 9), source="detected")
    image = ImageRegions(image_id=1, file_name="1.png", width=1000, height=160, regions=[*records, stranger])
    return RegionFile(dataset="made", split="train", region="body", images=[image])


def test_whom_a_share_leaves_visible_is_not_drawn_anew():
    found = regions(20)
    assert room.redrawn_people(found, RECIPE) == set(range(1, 21))
    half = room.redrawn_people(found, RECIPE.model_copy(update={"share": 0.5}))
    drawn = anonymized_part(found.images[0].regions, "1.png", (1000, 160), 3, 0.5)
    assert half == {record.annotation_id for record in drawn} - {None} and 4 < len(half) < 16
    assert room.redrawn_people(found, RECIPE.model_copy(update={"share": 0.5, "seed": 4})) != half


@pytest.fixture
def relabel(tmp_path, monkeypatch):
    """Re-makes the label of one person, in whose images a model finds these boxes; the file."""
    write_json(tmp_path / "train.json", dataset([annotation(1, 1, 2, (40, 10, 20, 20))]))
    write_record(tmp_path / "body.json", regions(1))
    images = VariantFiles(manifest=tmp_path / "manifest.json", originals=tmp_path)
    names = {"dataset": "made", "split": "train", "variant": "body-gan-low"}
    counts = Images(images=0, unchanged=0)

    def run(boxes, recipe=RECIPE):
        write_manifest(images.manifest, Manifest(**names, recipe=recipe, images=[], counts=counts))
        results = [{"image_id": 1, "category_id": 2, "bbox": box, "score": 0.9} for box in boxes]
        asked = (tmp_path / "run", tmp_path / "train.json", images, RuntimeConfig())
        monkeypatch.setattr(room, "predict", lambda *given: {"bbox": results} if given == asked else None)
        out = tmp_path / "labels" / "train.json"
        room.relabel(asked[0], asked[1], tmp_path / "body.json", images, out, asked[3])
        return out

    return run


def test_labels_are_written_with_their_counts(relabel, caplog):
    with caplog.at_level(logging.INFO, "anonbench"):
        split = read_made(relabel([[42, 10, 20, 20]]))
    assert split["annotations"][0]["bbox"] == [42, 10, 20, 20]
    assert split["info"]["remade_labels"] == {"people": 1, "remade": 1, "ignored": 0, "keypoints": 0, "lost": 0}
    assert "body-gan-low of made train: 1 of 1 people's labels re-made, 0 ignored" in caplog.text


def test_where_nobody_is_found_there_are_no_labels(relabel, tmp_path):
    with pytest.raises(UserError, match="finds none of the 1 people whom body-gan-low of made train draws"):
        relabel([[90, 90, 20, 20]])
    assert not (tmp_path / "labels").exists()


def test_the_originals_draw_nobody(relabel):
    with pytest.raises(ValueError, match="draw nobody"):
        relabel([[42, 10, 20, 20]], recipe=None)


def test_keypoints_that_are_lost_are_told():
    assert room.described(Counts(people=4, remade=3, ignored=1, keypoints=30, lost=7)) == (
        "3 of 4 people's labels re-made, 1 ignored; 7 of 30 keypoints not found"
    )
