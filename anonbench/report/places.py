"""Files of the report that a workflow names before it loads what makes them."""

from __future__ import annotations

from anonbench.common.root import ROOT

PUBLISHED = ROOT / "config/published.csv"
"""Figures that papers report."""
TABLE_SUFFIXES = (".md", ".tex", ".csv", ".parquet")
"""The forms of the main table."""
