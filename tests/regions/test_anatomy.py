"""Keypoints of two datasets are the same where their names are."""

from __future__ import annotations

import pytest

from anonbench.datasets.formats import crowdpose, lspet
from anonbench.datasets.formats.coco_categories import COCO_SIGMAS
from anonbench.datasets.scenes.parts import KEYPOINTS
from anonbench.regions.anatomy import shared_joints

COCO = tuple(COCO_SIGMAS)
LIMBS = {
    f"{side}_{joint}" for side in ("left", "right") for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
}


@pytest.mark.parametrize("names", [COCO, crowdpose.JOINTS, lspet.JOINTS, tuple(KEYPOINTS), ()])
def test_equal_names_are_told_as_they_are(names: tuple[str, ...]) -> None:
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
