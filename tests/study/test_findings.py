"""What a report shows besides the tables."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from anonbench.common.root import ROOT
from anonbench.config.config import read_config, with_defaults
from anonbench.report.audit import audit_table
from anonbench.report.linkability import no_privacy
from anonbench.report.partial import summarize_partly
from anonbench.study.findings import finished_audits, finished_cells, finished_drops, gather_findings

METHODS = {
    "blur": {"dose50": {"sigma": 0.1, "share": 0.5}, "strong": {"sigma": 0.9, "share": 0.5}},
    "pixelate": {"low": {"cells": 16}},
}


def test_of_a_study_that_has_not_begun_everything_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = read_config(with_defaults({"archives": ["/home/me/secret"]}, ROOT / "config/config.yaml"))
    monkeypatch.chdir(tmp_path)
    assert finished_cells(config) == [] and finished_audits(config).empty
    summary = summarize_partly([])
    found = gather_findings(config, summary, finished_drops(config), audit_table([]), no_privacy())
    assert len(found.missing) == found.provenance.cells == 16
    assert {cell.rule for cell in found.missing} == {"convert_split"}
    assert found.levels == ["low", "medium", "high", "all"] and found.doses == {}
    assert not found.galleries and not found.generators and found.trainings.empty and found.provenance.spent == []
    assert isinstance(found.drops, pd.DataFrame) and found.drops.empty
    assert "secret" not in found.provenance.configuration and "scenes" in found.provenance.configuration
    assert {"anonbench", "Python", "numpy"} <= found.provenance.versions.keys()


def test_levels_that_differ_in_the_share_alone_are_doses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = read_config(with_defaults({"methods": METHODS}, ROOT / "config/config.yaml"))
    monkeypatch.chdir(tmp_path)
    summary = summarize_partly([])
    found = gather_findings(config, summary, finished_drops(config), audit_table([]), no_privacy())
    assert found.doses == {("blur", "dose50"): 0.5, ("blur", "medium"): 1.0}
