"""The embedded default dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from anonbench.config.types import Positive
from anonbench.datasets.format import SplitSize
from anonbench.datasets.listed import ListedConfig, ListedFormat, Splits
from anonbench.datasets.records import Split


class ScenesSplits(Splits[Positive]):
    """Numbers of rendered images."""


class ScenesConfig(ListedConfig):
    """Rendered street scenes: the number of images of each split, their size in px, and what they are drawn from."""

    format: Literal["scenes"]
    splits: ScenesSplits
    width: Annotated[int, Field(ge=64, le=4096)] = 256
    height: Annotated[int, Field(ge=64, le=4096)] = 192
    seed: Annotated[int, Field(ge=0)] = 0


class Scenes(ListedFormat):
    """Rendered street scenes with people, traffic and animals, fully annotated; nothing is fetched.

    People have masks, COCO's 17 keypoints, face boxes and identities (:mod:`anonbench.datasets.scenes`).

    Split rule: the user's own numbers of images. No identity appears in two splits.
    """

    Config = ScenesConfig
    config: ScenesConfig
    RENDERED = True
    COMPLETE = True

    def load(self, split: str, files: dict[str, Path]) -> Split:
        # What draws takes its time to import, and only a conversion needs it.
        from anonbench.datasets.scenes.load import load_scenes

        count = getattr(self.config.splits, split)
        return load_scenes(split, count, (self.config.width, self.config.height), self.config.seed)

    def size(self, split: str) -> SplitSize:
        # About eleven people are drawn in four scenes, and nobody in one of twenty.
        images = getattr(self.config.splits, split)
        return SplitSize(images, round(2.75 * images), round(0.95 * images), self.config.width * self.config.height)
