"""Keypoints of two datasets are the same where their names are."""

from __future__ import annotations

import numpy as np
import pytest

from anonbench.datasets.formats import crowdpose, lspet
from anonbench.datasets.scenes.parts import KEYPOINTS
from anonbench.datasets.tables.coco_categories import COCO_SIGMAS
from anonbench.regions.anatomy import shared_joints, standing_bones

COCO = tuple(COCO_SIGMAS)
LIMBS = {
    f"{side}_{joint}" for side in ("left", "right") for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
}


@pytest.mark.parametrize("names", [COCO, crowdpose.JOINTS, lspet.JOINTS, tuple(KEYPOINTS), ()])
def test_equal_names_are_matched_as_they_are(names: tuple[str, ...]) -> None:
    assert shared_joints(names, names) == (list(range(len(names))),) * 2


@pytest.mark.parametrize("other", [crowdpose.JOINTS, lspet.JOINTS])
def test_cocos_limbs_are_those_of_datasets_with_other_heads(other: tuple[str, ...]) -> None:
    ours, theirs = shared_joints(COCO, other)
    assert [COCO[place] for place in ours] == [other[place] for place in theirs]
    assert {COCO[place] for place in ours} == LIMBS


def test_two_datasets_call_the_crown_differently() -> None:
    ours, theirs = shared_joints(crowdpose.JOINTS, lspet.JOINTS)
    assert sorted(ours) == sorted(theirs) == list(range(14))
    pairs = {(crowdpose.JOINTS[a], lspet.JOINTS[b]) for a, b in zip(ours, theirs, strict=True)}
    assert pairs == {(name, name) for name in (*LIMBS, "neck")} | {("top_head", "head_top")}


def test_strangers_share_nothing() -> None:
    assert shared_joints(COCO, ["tail", "left", "shoulder"]) == ([], [])


@pytest.mark.parametrize("names", [COCO, crowdpose.JOINTS, lspet.JOINTS, tuple(KEYPOINTS)])
def test_bones_join_everything_below_the_head_and_mirror_each_other(names: tuple[str, ...]) -> None:
    ends, standing = standing_bones(names)
    assert {names[end] for end in ends.flat} >= LIMBS and len({tuple(sorted(bone)) for bone in ends}) == len(ends)
    assert standing.shape == (len(ends), 2, 2) and standing.min() >= 0 and standing.max() <= 1
    places = {
        (names[end], *place) for bone in zip(ends, standing, strict=True) for end, place in zip(*bone, strict=True)
    }
    assert len(places) == len(np.unique(ends))
    for name, down, across in places:
        if name.startswith("left"):
            other = next(place for place in places if place[0] == name.replace("left", "right"))
            assert other[1:] == pytest.approx((down, 1 - across))


def test_strangers_have_no_bones() -> None:
    ends, standing = standing_bones(["tail", "left", "left_hip"])
    assert ends.shape == (0, 2) and standing.shape == (0, 2, 2)
