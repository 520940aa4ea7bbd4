"""The types of values that several sections of the configuration share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

Region = Literal["face", "body"]
Split = Literal["train", "val", "generator"]
Reading = Literal["stored", "displayed"]
EvaluatedOn = Literal["original", "anonymized", "crossed"]
Url = Annotated[str, Field(pattern=r"^https?://[^/]+/")]
FileDigest = Annotated[str, Field(pattern=r"^(md5:[0-9a-f]{32}|sha256:[0-9a-f]{64})$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Positive = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Draw = Annotated[int, Field(ge=0, lt=1000)]
NonEmpty = Field(min_length=1)

# What becomes of unannotated people.
Unannotated = Literal["leave", "ignore", "hide", "hide_everywhere"]
