"""The page and the files beside it, without a browser."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import altair as alt
import pandas as pd
import pytest

from anonbench.common.errors import UserError
from anonbench.common.files import write_text
from anonbench.common.plugins import use_folders
from anonbench.common.root import ROOT
from anonbench.report import theme
from anonbench.report.figure import FIGURES
from anonbench.report.page import Explained, cell, charts, page
from anonbench.report.panels import Chart, Column, Section, Table
from anonbench.report.published import beside, read_published
from anonbench.report.tables import read_table
from anonbench.report.template import page_digest
from anonbench.report.terms import read_terms
from anonbench.report.writing import drawn, sections_of, with_theme, write_report
from tests.helpers.found import found, missing_cell

EVIL = "</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    write_report(found(), folder)
    return folder


def test_every_figure_has_its_data_and_drawings_beside_the_page(folder: Path) -> None:
    named = {chart.name for chart in charts(sections_of(found()))}
    assert {"matrix", "drop-street-pose-td-hm", "category-street-pose-td-hm", "training-street-td-hm"} <= named
    for name in named:
        assert (folder / f"figures/{name}.svg").read_text().startswith("<svg")
        assert (folder / f"figures/{name}.pdf").read_bytes().startswith(b"%PDF-")
    drawn = (folder / "figures/matrix.svg").read_text()
    assert "$" not in drawn and "var(" not in drawn and "body · blur" in drawn
    data = pd.read_csv(folder / "figures/drop-street-pose-td-hm.csv")
    assert data["drop"].is_monotonic_increasing and len(data) == 10
    assert {path.stem for path in (folder / "figures").glob("*.csv")} == named | {"drops", "audit", "spent"}


def test_a_second_report_leaves_no_figure_of_the_first(folder: Path) -> None:
    stale = folder / "figures/gone.svg"
    stale.write_text("")
    write_report(found(), folder)
    assert not stale.exists() and (folder / "figures/matrix.svg").exists()


def test_the_same_findings_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write_report(found(), tmp_path)
    assert (tmp_path / "report.html").read_bytes() == (folder / "report.html").read_bytes()


def test_nothing_outside_the_file_is_referred_to(folder: Path) -> None:
    text = re.sub(r"<script>.*?</script>", "", (folder / "report.html").read_text(), flags=re.DOTALL)
    assert not re.search(r"""(src|href)\s*=\s*["'](?!data:|#)""", text)
    assert "url(" not in text and "@import" not in text
    assert "default-src 'none'" in text


def test_what_users_name_cannot_become_markup() -> None:
    findings = found(datasets=[EVIL], missing=[missing_cell(dataset=EVIL, lines=[EVIL])])
    text = page("T", sections_of(findings), {}, "")
    assert EVIL not in text and "<img src=x" not in text


def test_sections_stand_in_order_and_say_what_is_absent() -> None:
    sections = sections_of(found())
    titles = [section.title for section in sections]
    assert titles[:3] == ["The answer", "Matrix", "Levels"] and titles[-1] == "Provenance"
    by = {section.title: section for section in sections}
    assert "Missing" not in by and "Published" not in by
    assert by["Privacy"].lead.startswith("This study measures no attack.") and by["Levels"].panels == []


def test_a_missing_cell_comes_second() -> None:
    assert [section.title for section in sections_of(found(missing=[missing_cell()]))][:2] == ["The answer", "Missing"]


def test_levels_and_doses_are_axes() -> None:
    doses = {("blur", "dose50"): 0.5, ("blur", "high"): 1.0}
    by = {s.title: s for s in sections_of(found(levels=("low", "high", "dose50"), doses=doses))}
    level, dose = (
        next(panel for panel in by["Levels"].panels if panel.name == f"{kind}-street-pose-td-hm")
        for kind in ("level", "dose")
    )
    assert set(level.data.level) == {"low", "high", "dose50"}
    assert not ((level.data.method == "blur") & (level.data.level == "dose50")).any()
    assert set(dose.data.method) == {"blur"} and sorted(dose.data.dose) == [50, 50, 100, 100]  # of two regions
    assert set(level.data[level.data.method == "blur"].level) == {"low", "high"}


def test_photographs_of_people_are_never_shown_without_a_word() -> None:
    findings = found()
    real = dataclasses.replace(findings, galleries=[dataclasses.replace(findings.galleries[0], rendered=False)])
    warning = "This file holds original photographs of street"
    assert warning in page("T", sections_of(real), {}) and warning not in page("T", sections_of(findings), {})


def test_the_first_use_of_a_term_in_a_section_is_a_link() -> None:
    explain = Explained({"AP": "Average precision.", "AP points": "AP x 100.", "drop": "Less."})
    link = '<a class="term" href="#term-{0}" aria-describedby="term-{0}">{1}</a>'
    points, drops = link.format("ap-points", "AP points"), link.format("drop", "Drops")
    assert explain("Drops < 2 AP points, a drop") == f"{drops} &lt; 2 {points}, a drop"
    assert explain("drop") == "drop"
    explain.begin()
    assert explain("drop") == link.format("drop", "drop")
    assert explain("backdrop, raindrops") == "backdrop, raindrops"


def test_terms_are_those_of_the_document() -> None:
    terms = read_terms()
    assert terms["drop"].startswith("Baseline minus value;") and "term" not in terms
    assert terms["rule"] == terms["job"]
    assert not any("`" in meaning or "](" in meaning for meaning in terms.values())
    assert {"interval", "margin", "verdict", "noise floor", "detectable"} <= terms.keys()


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(-0.04, 1, "0.0"), (-1.25, 1, "−1.2"), (1234.5, 0, "1,234"), (None, 1, "–"), (float("nan"), 1, "–"),
     ("", None, "–"), ("mask_out", None, "mask out"), (3, None, "3")],
)  # fmt: skip
def test_a_cell_of_a_table(value: object, digits: int | None, text: str) -> None:
    assert cell(value, digits) == text


def test_colours_are_known_and_the_same_in_light_and_dark() -> None:
    assert theme.LIGHT.keys() == theme.DARK.keys()
    assert theme.coloured({"a": ["$ink"], "b": "$"}, theme.LIGHT) == {"a": [theme.LIGHT["ink"]], "b": "$"}
    assert theme.live({"a": "$ink"}) == {"a": "var(--ink)"}
    with pytest.raises(KeyError):
        theme.live({"a": "$nothing"})


def test_two_panels_of_a_name_are_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table("twice", "T", pd.DataFrame({"a": [1]}), {"a": Column("a")})
    section = Section("s", "S", "", [table, table])
    monkeypatch.setattr("anonbench.report.writing.sections_of", lambda findings: [section])
    with pytest.raises(ValueError, match="two panels of the report are called 'twice'"):
        write_report(found(), tmp_path)


def test_the_digest_follows_the_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = page_digest()
    own = tmp_path / "report.css"
    own.write_text("a{}")
    monkeypatch.setattr("anonbench.report.template.FOLDER", tmp_path)
    first = page_digest()
    own.write_text("b{}")
    assert len({before, first, page_digest()}) == 3


OWN = re.search(
    r"```python\n# my_plugins/(figures/spread.py)\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL
)


def test_one_file_adds_a_figure(tmp_path: Path) -> None:
    write_text(tmp_path / OWN[1], OWN[2])
    try:
        use_folders([str(tmp_path)])
        assert "spread" in FIGURES.names()
        sections = sections_of(found())
    finally:
        use_folders([])
    assert [section.title for section in sections][3:5] == ["Categories", "Spread"]
    (chart,) = sections[4].panels
    assert chart.data.seed.tolist() == [0, 1, 2] * 3 and drawn(chart)[0].startswith("<svg")
    assert "spread" not in FIGURES.names()


def test_a_chart_keeps_what_it_sets_itself() -> None:
    spec = alt.Chart(alt.NamedData("data")).mark_bar().configure_axis(grid=False).to_dict()
    (chart,) = with_theme(Section("s", "S", "", [Chart("c", "C", "", spec, pd.DataFrame())])).panels
    assert chart.spec["config"]["axis"] == {"grid": False} and chart.spec["config"]["legend"]["orient"] == "top"
    assert json.dumps(chart.spec).count("$schema") == 0


def test_a_published_drop_stands_beside_the_one_here() -> None:
    row = {"study": "P", "source": "s", "place": "Table 2, p. 5", "quantity": "", "read": "file"}
    same = {"dataset": "street", "task": "pose", "region": "face", "method": "gan", "metric": "AP"}
    published = pd.DataFrame(
        [row | same | {"value": 58.0, "original": 60.0}, row | same | {"dataset": "", "value": 1.0}]
    )
    findings = found()
    (found_,) = beside(published, findings.drops).to_dict("records")
    here = findings.drops[(findings.drops.task == "pose") & (findings.drops.region == "face")]
    here = here[(here.method == "gan") & (here.metric == "AP") & (here.scope == "all")]["drop"].item()
    assert found_["published"] == 2.0 and found_["here"] == pytest.approx(100 * here)
    assert found_["difference"] == pytest.approx(100 * here - 2.0)


def test_published_figures_say_where_and_how_they_were_read() -> None:
    table = read_published()
    assert set(table.read) <= {"abstract", "file", "second hand"}
    assert (table[["study", "source", "place", "quantity"]] != "").all(axis=None)
    assert table.set_index("study").loc["Safe Fakes", ["value", "original"]].tolist() == [88.3, 91.0]


def test_a_file_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="summary.csv does not exist"):
        read_table(tmp_path / "summary.csv")


def test_a_table_reads_names_that_look_like_nothing(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("region,method,value\nnone,NA,\nnone,null,0.5\n")
    table = read_table(tmp_path / "s.csv")
    assert table.method.tolist() == ["NA", "null"] and table.value.isna().tolist() == [True, False]
