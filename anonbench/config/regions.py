"""The section ``regions``: how the pixels of faces and bodies are found."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from anonbench.common.validation import Model


class FaceRegionConfig(Model):
    """How faces are found where they are not annotated."""

    min_face_size: Annotated[int, Field(ge=12)] = 16


class BodyRegionConfig(Model):
    """How a body's outline is drawn from keypoints where no mask or box is annotated."""

    limb_width: Annotated[float, Field(gt=0, le=1)] = 0.1


class RegionsConfig(Model):
    """Parameters of each region."""

    face: FaceRegionConfig = FaceRegionConfig()
    body: BodyRegionConfig = BodyRegionConfig()
