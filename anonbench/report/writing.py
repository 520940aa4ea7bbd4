"""The report's files: the page, and every figure's data and drawings beside it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from anonbench.common.files import write_bytes, write_text
from anonbench.config.plugins import FIGURES
from anonbench.report import theme
from anonbench.report.export import main_rows, write_table
from anonbench.report.findings import Findings
from anonbench.report.page import charts, page, tables
from anonbench.report.panels import Chart, Section
from anonbench.report.recommendation import recommendation
from anonbench.report.terms import read_terms

TITLE = "What does anonymizing cost?"


def sections_of(findings: Findings) -> list[Section]:
    """The sections of all figures that have something to say, in their order."""
    figures = [FIGURES.create(name, {}) for name in FIGURES.names()]
    found = [figure.section(findings) for figure in sorted(figures, key=lambda figure: (figure.order, figure.name))]
    return [with_theme(section) for section in found if section]


def with_theme(section: Section) -> Section:
    """The section with the report's colours and type in its charts."""
    panels = [
        Chart(**vars(panel) | {"spec": themed(panel.spec)}) if isinstance(panel, Chart) else panel
        for panel in section.panels
    ]
    return Section(section.name, section.title, section.lead, panels)


def themed(spec: dict[str, Any]) -> dict[str, Any]:
    """A specification in the report's colours and type; what it sets itself stays."""
    own = {key: value for key, value in spec.get("config", {}).items() if key != "view"}
    fit = {"autosize": {"type": "fit-x", "contains": "padding"}}
    return fit | {key: value for key, value in spec.items() if key != "$schema"} | {"config": theme.CONFIG | own}


def write_report(findings: Findings, folder: Path | str) -> None:
    """Write the report and what goes with it.

    That is the page, ``report.html``; below ``figures/``, of every figure and table of the page the data as CSV, and of
    figures SVG and PDF, and the images on which models differ; ``recommendation.md``; and the main table, ``table``
    with each of :data:`anonbench.report.places.TABLE_SUFFIXES`.

    Parameters
    ----------
    findings
        What the study found.
    folder
        Where to write them; ``figures`` is made anew.
    """
    folder = Path(folder)
    sections = sections_of(findings)
    _write_figures(folder / "figures", sections)
    for image in (image for contrast in findings.contrasts for image in contrast.images):
        write_bytes(folder / "figures" / image.file, image.jpeg)
    write_text(folder / "recommendation.md", recommendation(findings))
    write_table(main_rows(findings.summary, findings.drops, findings.privacy), folder / "table")
    stands = ""
    if findings.missing:
        count, of = len(findings.missing), findings.provenance.cells
        stands = f"{count} of {of} cells {'is' if count == 1 else 'are'} missing; the section Missing says why."
    write_text(folder / "report.html", page(TITLE, sections, read_terms(), stands))


def _write_figures(folder: Path, sections: Sequence[Section]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    names = [panel.name for panel in [*charts(sections), *tables(sections)]]
    _unique(names)
    for panel in [*charts(sections), *tables(sections)]:
        write_text(folder / f"{panel.name}.csv", panel.data.to_csv(index=False, lineterminator="\n"))
    for chart in charts(sections):
        svg, pdf = drawn(chart)
        write_text(folder / f"{chart.name}.svg", svg)
        write_bytes(folder / f"{chart.name}.pdf", pdf)
    folder.mkdir(parents=True, exist_ok=True)


def drawn(chart: Chart) -> tuple[str, bytes]:
    """A chart as SVG and as PDF, in light colours."""
    import vl_convert

    spec = theme.coloured(chart.spec, theme.LIGHT)
    rows = chart.data.astype(object).where(pd.notna(chart.data), None).to_dict("records")
    spec["datasets"] = spec.get("datasets", {}) | {"data": rows}
    spec |= {"width": theme.FILE_WIDTH, "background": theme.LIGHT["paper"], "padding": 10}
    spec["title"] = {"text": chart.title, "anchor": "start", "color": theme.LIGHT["ink"], "fontSize": 14}
    spec["config"] = spec["config"] | {"font": theme.FILE_FONT}
    return vl_convert.vegalite_to_svg(spec), vl_convert.vegalite_to_pdf(spec)


def _unique(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"two panels of the report are called {name!r}")
        seen.add(name)
