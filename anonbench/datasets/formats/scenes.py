"""The embedded default dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from anonbench.common.errors import UserError
from anonbench.common.validation import Model
from anonbench.config.types import Positive
from anonbench.datasets.format import SplitSize
from anonbench.datasets.listed import ListedConfig, ListedFormat, Splits
from anonbench.datasets.records import Split

# The least width of an image, as a share of its height, into which somebody fits.
_NARROWEST = {"body": 0.5, "face": 0.75}
# Which share of a square image a body and the box of a face cover, measured on 400 people.
_COVERED = {"body": (0.12, 0.007), "face": (0.44, 0.26)}


class ScenesSplits(Splits[Positive]):
    """Numbers of rendered images."""


class ScenesPeople(Model):
    """Who appears where a photograph shows one person: how many people in each split, and in how many outfits each."""

    identities: Annotated[int, Field(ge=2, le=100_000)]
    outfits: Annotated[int, Field(ge=1, le=100)] = 1


class ScenesConfig(ListedConfig):
    """Rendered street scenes: the number of images of each split, their size in px, and what they are drawn from.

    ``view`` is the camera's: a ``street``, or one person close to it, the whole ``body`` or the ``face``. ``people``
    says who appears in the latter two.
    """

    format: Literal["scenes"]
    splits: ScenesSplits
    width: Annotated[int, Field(ge=64, le=4096)] = 256
    height: Annotated[int, Field(ge=64, le=4096)] = 192
    seed: Annotated[int, Field(ge=0)] = 0
    view: Literal["street", "body", "face"] = "street"
    people: ScenesPeople | None = None


class Scenes(ListedFormat):
    """Rendered street scenes with people, traffic and animals, fully annotated; nothing is fetched.

    People have masks, COCO's 17 keypoints, face boxes and identities (:mod:`anonbench.datasets.scenes`).

    In the views ``body`` and ``face``, an image shows one person. A split's people appear in turn, each in as many
    images as any other, and in successive ones in another outfit; pose, light, camera and background are always others.
    People also have ``outfit``, a number, and ``attributes``: ``age``, ``hair``, ``beard``, ``glasses`` and, of whole
    bodies, ``bag``.

    Split rule: the user's own numbers of images. No identity appears in two splits.
    """

    Config = ScenesConfig
    config: ScenesConfig
    RENDERED = True
    COMPLETE = True
    FEWER = "Set `splits` to the numbers of images."

    def identifies(self) -> bool:
        # In a street scene, people are drawn by lot: somebody appears once, and far away.
        return self.config.view != "street"

    def check(self) -> None:
        super().check()
        view, people = self.config.view, self.config.people
        if people is None:
            if view != "street":
                raise UserError(
                    f"`view` is {view}, but nothing says who appears.",
                    "Add `people: {identities: 100, outfits: 2}`, for example.",
                )
            return
        if view == "street":
            raise UserError(
                "`people` is for images of one person each, but `view` is street, where several appear by lot.",
                "Set `view` to body or face, or remove `people`.",
            )
        if self.config.width < _NARROWEST[view] * self.config.height:
            least = round(_NARROWEST[view] * self.config.height)
            raise UserError(
                f"`width` is {self.config.width}: nobody fits into an image of {self.config.height} px height.",
                f"Set it to {least} or more.",
            )
        for split in ("train", "val"):
            self._check_recurrence(split, people)

    def _check_recurrence(self, split: str, people: ScenesPeople) -> None:
        images, least = getattr(self.config.splits, split), max(2, people.outfits) * people.identities
        if images < least:
            raise UserError(
                f"`splits.{split}` is {images}: {people.identities} people do not all appear in each of their outfits,"
                " and at least twice.",
                f"Set it to {least} or more, or `people.identities` or `people.outfits` to less.",
            )

    def load(self, split: str, files: dict[str, Path]) -> Split:
        # What draws takes its time to import, and only a conversion needs it.
        from anonbench.datasets.scenes.cast import Cast
        from anonbench.datasets.scenes.load import load_portraits, load_scenes

        view, people, seed = self.config.view, self.config.people, self.config.seed
        count, size = getattr(self.config.splits, split), (self.config.width, self.config.height)
        if view == "street":
            return load_scenes(split, count, size, seed)
        return load_portraits(Cast(seed, split, people.identities, people.outfits), count, size, view)

    def whole_size(self, split: str) -> SplitSize:
        images, pixels = getattr(self.config.splits, split), self.config.width * self.config.height
        if self.config.view == "street":
            # About eleven people are drawn in four scenes, and nobody in one of twenty.
            return SplitSize(images, round(2.75 * images), round(0.95 * images), pixels)
        shape = self.config.height / self.config.width
        bodies, faces = (shape * share for share in _COVERED[self.config.view])
        return SplitSize(images, images, images, pixels, bodies, faces)
