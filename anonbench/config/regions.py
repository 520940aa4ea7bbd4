"""The section ``regions``: how the pixels of faces and bodies are found."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from anonbench.common.validation import Model


class FaceRegionConfig(Model):
    """How faces are found where they are not annotated, and by how much of its longer side a found box grows.

    ``unannotated`` says what becomes of faces that are found beside the annotated ones.
    """

    detector: Literal["centerface", "yunet", "mtcnn"] = "centerface"
    min_face_size: Annotated[int, Field(ge=8)] = 16
    threshold: Annotated[float, Field(gt=0, lt=1)] | None = None
    grow: Annotated[float, Field(ge=0, le=1)] = 0.15
    unannotated: Literal["hide", "leave"] = "hide"


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
