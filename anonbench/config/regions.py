"""The section ``regions``: how the pixels of faces and bodies are found."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from anonbench.common.validation import Model


class FaceRegionConfig(Model):
    """How faces are found where they are not annotated."""

    min_face_size: Annotated[int, Field(ge=12)] = 16


class BodyRegionConfig(Model):
    """How a body's outline is drawn from keypoints where no mask or box is annotated."""

    limb_width: Annotated[float, Field(gt=0, le=1)] = 0.1


class RegionsConfig(Model):
    """Parameters of each region, and of both.

    ``unlocated``: what becomes of an image with a person of whom nothing says where they are, ``hide_image`` in every
    anonymized variant, or ``stop``.
    """

    unlocated: Literal["hide_image", "stop"] = "hide_image"
    face: FaceRegionConfig = FaceRegionConfig()
    body: BodyRegionConfig = BodyRegionConfig()
