"""The section ``weights``: published weights that models start from."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from anonbench.common.validation import Model


class WeightsConfig(Model):
    """Where weights are published, and their SHA-256 or its first digits."""

    url: Annotated[str, Field(pattern=r"^https?://\S+$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")]
    file: str | None = None
