"""The page: everything in one file, from which no request goes out."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import pandas as pd
from markupsafe import Markup

from anonbench.report import theme
from anonbench.report.answer import points
from anonbench.report.names import slug, words
from anonbench.report.panels import Chart, Column, Panel, Section, Table
from anonbench.report.template import FOLDER as TEMPLATE
from anonbench.report.templates import templates

MOST_ROWS = 400  # of a chart's data that the page also has as a table


def page(title: str, sections: Sequence[Section], terms: dict[str, str], stands: str = "") -> str:
    """The report as HTML.

    Parameters
    ----------
    title
        The page's heading.
    sections
        In their order.
    terms
        Definitions by term; the page explains a term where it first stands in a section.
    stands
        What readers have to know of the whole before anything else, such as that cells are missing.
    """
    environment = templates(TEMPLATE)
    explained = Explained(terms)
    environment.filters |= {"explain": explained, "words": words, "slug": slug, "cell": cell, "points": points}
    environment.globals |= {
        "data_of": _rows, "script": _script, "kind": _kind, "live": theme.live, "sort_value": _sort_value,
        "begin": explained.begin, "define": explained.heading, "data_table": data_table, "height_of": height_of,
        "zip": zip,
    }  # fmt: skip
    template = environment.get_template("report.html")
    return template.render(
        title=title,
        stands=stands,
        sections=sections,
        terms=terms,
        light=Markup(theme.css(theme.LIGHT)),
        dark=Markup(theme.css(theme.DARK)),
        font=Markup(theme.FONT),
        style=Markup((TEMPLATE / "report.css").read_text(encoding="utf-8")),
        charts=Markup((TEMPLATE / "charts.js").read_text(encoding="utf-8")),
        code=Markup((TEMPLATE / "report.js").read_text(encoding="utf-8")),
        drawing=Markup(_drawing()),
    )


def charts(sections: Sequence[Section]) -> Iterator[Chart]:
    """All charts of a page."""
    return (panel for section in sections for panel in section.panels if isinstance(panel, Chart))


def tables(sections: Sequence[Section]) -> Iterator[Table]:
    """All tables of a page."""
    return (panel for section in sections for panel in section.panels if isinstance(panel, Table))


class Explained:
    """Makes the first use of each term in a section a link to its definition.

    Parameters
    ----------
    terms
        Definitions by term.
    """

    def __init__(self, terms: dict[str, str]) -> None:
        self._slugs = {term.lower(): slug(term) for term in terms}
        longest = sorted(map(re.escape, terms), key=len, reverse=True)
        self._any = re.compile(rf"\b({'|'.join(longest)})(s?)\b", re.IGNORECASE) if terms else None
        self._seen: set[str] = set()

    def begin(self) -> str:
        """Begin a section."""
        self._seen.clear()
        return ""

    def __call__(self, text: str) -> Markup:
        """Plain text as HTML."""
        if self._any is None:
            return Markup(html.escape(text))
        return Markup(self._any.sub(self._link, html.escape(text, quote=False)))

    def heading(self, text: str) -> str | None:
        """The anchor of the definition of a column's heading; None where it is no term."""
        return self._slugs.get(text.lower()) or self._slugs.get(text.lower().removesuffix("s"))

    def _link(self, found: re.Match[str]) -> str:
        name = self._slugs[found[1].lower()]
        if name in self._seen:
            return found[0]
        self._seen.add(name)
        return f'<a class="term" href="#term-{name}" aria-describedby="term-{name}">{found[0]}</a>'


def cell(value: Any, digits: int | None) -> str:
    """A table's cell: numbers with so many digits and a true minus sign, a dash for what is not known."""
    if value is None or (isinstance(value, float) and pd.isna(value)) or value == "":
        return "–"
    if digits is None or isinstance(value, str):
        return words(str(value))
    text = f"{value:,.{digits}f}"
    return (text.lstrip("-") if not re.search("[1-9]", text) else text).replace("-", "−")


def data_table(chart: Chart) -> Table | None:
    """A chart's data as a table; None where a file serves better."""
    if len(chart.data) > MOST_ROWS:
        return None
    shown = chart.data
    several = [name for name in shown if shown[name].nunique(dropna=False) > 1]
    columns = {name: Column(words(name), 1 if pd.api.types.is_float_dtype(shown[name]) else None) for name in several}
    return Table(f"{chart.name}-data", f"Data of {chart.name}", shown, columns)


def height_of(chart: Chart) -> int:
    """The least height of a chart's drawing in px, which the page keeps free until it is drawn."""
    return int(chart.spec.get("height", 0))


def _kind(panel: Panel) -> str:
    return type(panel).__name__.lower()


def _sort_value(value: Any) -> str:
    return "" if value is None or (isinstance(value, float) and pd.isna(value)) else str(value)


def _rows(data: pd.DataFrame) -> Markup:
    """A table's rows as JSON by column, for a script element."""
    columns = {str(name): [_plain(value) for value in data[name]] for name in data}
    return _script(columns)


def _script(value: Any) -> Markup:
    """JSON that cannot end its script element."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and pd.isna(value) else value


@cache
def _drawing() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script, which leaves ``vegaEmbed``."""
    import vl_convert

    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;").replace("</script", "<\\/script")
