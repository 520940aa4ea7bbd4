"""What a section of the report is made of: charts, tables, and pieces of HTML from a template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Choice:
    """A parameter of a specification that the page's reader sets.

    Parameters
    ----------
    name
        Of the parameter; its value in the specification is what files show.
    label
        What stands before the choice.
    options
        The values, as people read them.
    """

    name: str
    label: str
    options: Sequence[str]


@dataclass(frozen=True)
class Chart:
    """A drawing, its data beside it.

    Parameters
    ----------
    name
        Of the files ``results/figures/{name}.csv``, ``.svg`` and ``.pdf``; no other panel has it.
    title
        What it shows, as a heading.
    says
        What there is to see, in a sentence or two; read to those who do not see it.
    spec
        A Vega-Lite specification without data; it reads the data source ``data``. Colours are :mod:`theme`'s.
    data
        What it draws, one mark a row.
    wide
        Whether it needs the whole width of the page; others stand side by side.
    text
        Sentences that stand above the drawing.
    most_wide
        How wide the drawing is at most, in px.
    choices
        What a reader may choose to see instead.
    """

    name: str
    title: str
    says: str
    spec: dict[str, Any]
    data: pd.DataFrame
    wide: bool = True
    text: Sequence[str] = ()
    most_wide: int | None = None
    choices: Sequence[Choice] = ()


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, for numbers how many digits follow the point, and whether it never breaks."""

    label: str
    digits: int | None = None
    line: bool = False


@dataclass(frozen=True)
class Table:
    """A table that readers sort and filter.

    Parameters
    ----------
    name
        Of the file ``results/figures/{name}.csv``; no other panel has it.
    title
        As a heading; its caption.
    data
        The rows; numbers that are not known are NaN.
    columns
        Those that are shown, by the name that they have in ``data``.
    """

    name: str
    title: str
    data: pd.DataFrame
    columns: Mapping[str, Column]


@dataclass(frozen=True)
class Fragment:
    """A template of ``template/`` and what it is given."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)


Panel = Chart | Table | Fragment


def noise_key(charts: Sequence[Chart]) -> Iterator[Fragment]:
    """What the noise floor looks like, where any of these charts draws it: their data's column ``noise``."""
    if any(chart.data.noise.notna().any() for chart in charts):
        yield Fragment("noise.html")


@dataclass(frozen=True)
class Section:
    """A part of the page: an anchor, a heading, a lead in a sentence or two, and what follows."""

    name: str
    title: str
    lead: str
    panels: Sequence[Panel]
