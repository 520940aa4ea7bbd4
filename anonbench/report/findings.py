"""Everything that the report shows, as typed data: what its figures get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from anonbench.config.statistics import StatisticsConfig
from anonbench.report.contrasts import Contrast
from anonbench.report.linkability import no_privacy
from anonbench.report.missing import MissingCell
from anonbench.report.pictures import Gallery, GeneratorSheet
from anonbench.report.provenance import Provenance


@dataclass(frozen=True)
class Findings:
    """What a study found, and how.

    Parameters
    ----------
    summary
        As of :func:`anonbench.report.summary.summarize`; the baseline is empty where its cell is missing.
    drops
        One row per metric of every variant (:mod:`anonbench.report.drops`).
    audits
        As of :func:`anonbench.report.audit.audit_table`.
    published
        Figures of papers (:mod:`anonbench.report.published`).
    errors
        What each kind of error costs (:func:`anonbench.report.errors.error_table`).
    trainings
        One row per logged step of every model: ``dataset``, ``model``, ``variant``, ``seed``, ``step``, ``loss``.
    galleries, generators
        Pictures.
    contrasts
        The images on which a variant's model and the originals' model differ most, drawn.
    hidden
        The datasets whose photographs the configuration leaves out.
    missing
        The cells that the study asks for and does not have.
    levels
        The names of levels, from weak to strong.
    doses
        The share of people that a method anonymizes, by method and level, of levels that differ in it alone.
    privacy
        What attacks reach (:func:`anonbench.report.risk.table.privacy_table`); empty where there are none.
    claims
        Confidence of intervals, and the margin within which a drop counts as none.
    """

    summary: pd.DataFrame
    drops: pd.DataFrame
    audits: pd.DataFrame
    published: pd.DataFrame
    errors: pd.DataFrame
    trainings: pd.DataFrame
    provenance: Provenance
    galleries: Sequence[Gallery] = ()
    generators: Sequence[GeneratorSheet] = ()
    contrasts: Sequence[Contrast] = ()
    hidden: Sequence[str] = ()
    missing: Sequence[MissingCell] = ()
    levels: Sequence[str] = ()
    doses: Mapping[tuple[str, str], float] = field(default_factory=dict)
    privacy: pd.DataFrame = field(default_factory=no_privacy)
    claims: StatisticsConfig = StatisticsConfig()
