"""A study that is killed again and again gives the results of one that is not: see tests/study/drill.py."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.helpers.project import Project
from tests.study.drill import TARGET, VICTIMS, Drill, drill_config, jobs_of, undisturbed

LOG = """
localrule convert_split:
    output: a
    jobid: 7
    wildcards: dataset=tiny, split=val
[Fri Nov 27 03:28:52 2026]
rule summarize:
    output: b
    jobid: 0
Finished jobid: 7 (Rule: convert_split)
"""


def test_a_log_tells_which_jobs_began_and_finished() -> None:
    convert = "convert_split dataset=tiny split=val"
    assert jobs_of(LOG) == ({convert, "summarize"}, {convert})


@pytest.mark.slow
def test_a_study_survives_kills(tmp_path: Path) -> None:
    expected, span = undisturbed(Project.create(tmp_path / "undisturbed", drill_config()), TARGET, cores=2)
    disturbed = Project.create(tmp_path / "disturbed", drill_config())
    moments = Drill(disturbed, random.Random(0)).run(VICTIMS, span / 3)
    assert [moment.victim for moment in moments] == list(VICTIMS)
    assert (disturbed.root / TARGET).read_bytes() == expected
