"""The section ``report``: what the report shows."""

from __future__ import annotations

from typing import Literal

from anonbench.common.validation import Model


class ReportConfig(Model):
    """``photographs``: whether the report holds photographs of datasets, in which people are visible."""

    photographs: Literal["show", "hide"] = "show"
