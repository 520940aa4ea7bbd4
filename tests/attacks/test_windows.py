"""The windows that an attack is shown of people."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from anonbench.attacks.people import GREY, Pairs
from anonbench.attacks.reading import read_pairs
from anonbench.common.files import sha256_file, write_bytes, write_json
from anonbench.common.images import encode
from anonbench.common.records import write_record
from anonbench.regions.files import ImageRegions, RegionFile, encode_region
from anonbench.variants.entry import Entry
from anonbench.variants.manifest import Manifest, counted, write_manifest
from anonbench.variants.variant_images import VariantFiles
from tests.helpers.people import HEIGHT, WIDTH, person, picture


@pytest.fixture
def read(tmp_path: Path):
    """Reads one photograph of somebody of 24 x 60 px."""
    region = replace(person(64, 18, 60), annotation_id=7)
    image = picture([region], np.random.default_rng(0))
    write_bytes(tmp_path / "images/a.png", encode(image, ".png"))
    record = {"file_name": "a.png", "width": WIDTH, "height": HEIGHT}
    write_json(tmp_path / "split.json", {"annotations": [{"id": 7, "identity": 3}]})
    found = [ImageRegions(image_id=1, **record, regions=[encode_region(region)])]
    write_record(tmp_path / "regions.json", RegionFile(dataset="d", split="val", region="body", images=found))
    entries = [Entry(file_name="a.png", sha256=sha256_file(tmp_path / "images/a.png"), regions=1)]
    manifest = Manifest(dataset="d", split="val", variant="original", images=entries, counts=counted(entries))
    write_manifest(tmp_path / "manifest.json", manifest)
    files = VariantFiles(manifest=tmp_path / "manifest.json", originals=tmp_path / "images")

    def pairs(**how) -> Pairs:
        return read_pairs(tmp_path / "split.json", tmp_path / "regions.json", files, None, **how)

    return pairs


def test_a_wider_window_shows_the_same_person_and_more_around_them(read) -> None:
    usual, wide = (read(surroundings=True, widen=widen).shown[0] for widen in (1, 2))
    assert usual.image.shape[:2] == (78, 39)  # 60 px and 0.15 of it on either side
    assert wide.image.shape[:2] == (156, 78)
    assert wide.mask.sum() == usual.mask.sum() > 0 and wide.side == usual.side == 60
    assert (wide.image[wide.mask] == usual.image[usual.mask]).all()
    assert (wide.image[0] == GREY).all() and (wide.image[78 - 20] != GREY).any()  # beyond the image, and within


def test_surroundings_are_grey_unless_they_are_shown(read) -> None:
    hidden = read(widen=2).shown[0]
    assert (hidden.image[~hidden.mask] == GREY).all() and (hidden.image[hidden.mask] != GREY).any()
    control = read(widen=2, surroundings=True, control=True).shown[0]
    assert (control.image[control.mask] == 0).all() and (control.image[~control.mask] != 0).any()
