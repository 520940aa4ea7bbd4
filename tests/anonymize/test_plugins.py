"""A user's own method as a plug-in, from a folder outside of this library."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from anonbench.common.errors import UserError
from anonbench.common.plugins import use_folders
from anonbench.config.plugins import METHODS
from anonbench.regions.region import Region
from tests.helpers.split import write_split
from tests.helpers.variants import Making, recipe

TOY = '''
"""Paint it one colour."""

import cv2
import numpy as np

from anonbench.anonymize.method import Method, Unfit
from anonbench.common.validation import Model


class Config(Model):
    """``color``: of the region."""

    color: int


class Toy(Method):
    """Paint every region but the smallest."""

    Config = Config
    sees_region = True

    def grow(self, side):
        return 2

    def fill(self, patch):
        if patch.side < 20:
            raise Unfit("too_dull")
        return np.full_like(patch.image, self.config.color)
'''


@pytest.fixture
def paint(tmp_path: Path) -> Iterator[None]:
    """The method `paint` in a user's folder of plug-ins."""
    file = tmp_path / "plugins" / "methods" / "paint.py"
    file.parent.mkdir(parents=True)
    file.write_text(TOY)
    use_folders([str(tmp_path / "plugins")])
    yield
    use_folders([])
    sys.modules.pop(f"{METHODS.package}.paint", None)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_users_plug_in_goes_through_the_frame_and_its_shards(paint: None, tmp_path: Path, workers: int) -> None:
    image = np.full((60, 90, 3), 90, np.uint8)
    large, small = np.zeros((60, 90), bool), np.zeros((60, 90), bool)
    large[10:40, 10:30], small[10:20, 60:70] = True, True
    boxes = [[10.0, 10, 30, 40], [60.0, 10, 70, 20]]
    crowd = [Region(np.array(box), mask) for box, mask in zip(boxes, (large, small), strict=True)]
    people = [(f"{index}.png", image, crowd) for index in range(6)]
    one = Making(**write_split(tmp_path, people), root=tmp_path / "out", shards=2)
    manifest = one.make(recipe("paint", color=7), workers=workers)
    assert manifest["counts"] == {"images": 6, "unchanged": 0}
    assert (manifest["audit"]["changed"], manifest["audit"]["masked_out"]) == (6, {"too_dull": 6})
    written = one.images().read("3.png")
    assert (written[10:40, 10:30] == 7).all() and (written[8, 10:30] == 7).all() and (written[7] == 90).all()
    assert (written[10:20, 60:70] == 0).all() and (written[30:, 40:] == 90).all()
    assert "Paint every region but the smallest." in METHODS.described()["paint"]
    with pytest.raises(UserError, match="Did you mean 'color'"):
        one.make(recipe("paint", colour=7))


def test_its_name_is_suggested_and_forgotten_again(paint: None) -> None:
    with pytest.raises(UserError, match="Did you mean 'paint'"):
        METHODS.create("paintt", {})
    use_folders([])
    assert "paint" not in METHODS.names()
