"""The report's colours and type, for the page and for the files beside it.

Specifications name colours as ``$name``: in the page they are light or dark, as its reader asks for, in files always
light.
A colour between two others is made by opacity, since nothing can compute with a name.
Verdicts differ in shape as well as in colour; the colours stay apart for every kind of colour vision (Okabe and Ito,
Color Universal Design, 2008, darkened to a contrast of 3 against the paper).
"""

from __future__ import annotations

import json
import re
from typing import Any

import altair as alt

from anonbench.report.inference.verdict import COSTS, EQUIVALENT, GAINS, UNDETERMINED, VERDICTS

LIGHT = {
    "paper": "#fdfdfb",
    "ink": "#1d2025",
    "muted": "#5b626d",
    "line": "#d9dbd6",
    "band": "#e6e8e3",
    "costs": "#b3400e",
    "equivalent": "#00705a",
    "gains": "#1f5fa8",
    "undetermined": "#6d737d",
    "heat-low": "#2f6db3",
    "heat-high": "#b3400e",
    "on-heat": "#ffffff",
    "series-1": "#1f5fa8",
    "series-2": "#b3400e",
    "series-3": "#00705a",
    "series-4": "#8a4d8f",
    "series-5": "#7d6608",
    "series-6": "#4b5563",
    "series-7": "#b02a5b",
    "series-8": "#0e7490",
}
DARK = {
    "paper": "#16181c",
    "ink": "#e8e9ea",
    "muted": "#a3aab5",
    "line": "#363a42",
    "band": "#262a31",
    "costs": "#f08a4b",
    "equivalent": "#3fc3a4",
    "gains": "#7bb4f0",
    "undetermined": "#9aa1ac",
    "heat-low": "#5b9be0",
    "heat-high": "#e0702f",
    "on-heat": "#101215",
    "series-1": "#7bb4f0",
    "series-2": "#f08a4b",
    "series-3": "#3fc3a4",
    "series-4": "#c996ce",
    "series-5": "#d9c04a",
    "series-6": "#b4bcc8",
    "series-7": "#f083a9",
    "series-8": "#56c5dc",
}
SERIES = [f"${name}" for name in LIGHT if name.startswith("series-")]
NO_VERDICT = "no verdict"
VERDICT_COLOURS = {name: f"${name}" for name in VERDICTS} | {NO_VERDICT: "$undetermined"}
VERDICT_SHAPES = {
    COSTS: "circle",
    GAINS: "triangle-up",
    EQUIVALENT: "diamond",
    UNDETERMINED: "square",
    NO_VERDICT: "cross",
}
HEAT = {"domain": [False, True], "range": ["$heat-low", "$heat-high"]}  # gains, costs; opacity says how much
# Whether a chart has room for words beside its marks; the page sets it by the drawing's width.
ROOMY = alt.param("roomy", value=True)
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif"
FILE_FONT = "Liberation Sans, DejaVu Sans, Arial, sans-serif"
FILE_WIDTH = 560  # px of the drawing in a file; in the page it is as wide as its place

CONFIG = {
    "background": None,
    "view": {"stroke": None},
    "axis": {
        "labelColor": "$ink", "titleColor": "$muted", "titleFontWeight": "normal", "labelFontSize": 12,
        "titleFontSize": 12, "gridColor": "$line", "domain": False, "ticks": False, "labelPadding": 6,
    },
    "axisQuantitative": {"labelOverlap": False},
    "header": {"labelColor": "$ink", "titleColor": "$muted", "labelFontSize": 12, "titleFontWeight": "normal"},
    "legend": {
        "labelColor": "$ink", "titleColor": "$muted", "titleFontWeight": "normal", "labelFontSize": 12,
        "titleFontSize": 12, "orient": "top", "symbolType": "circle", "layout": {"top": {"direction": "vertical"}},
    },
    "range": {"category": SERIES},
}  # fmt: skip


def coloured(spec: dict[str, Any], colours: dict[str, str]) -> dict[str, Any]:
    """The specification with each ``$name`` replaced by the colour of that name.

    Raises
    ------
    KeyError
        If there is no such colour.
    """
    return json.loads(re.sub(r'"\$([a-z0-9-]+)"', lambda found: json.dumps(colours[found[1]]), json.dumps(spec)))


def live(spec: dict[str, Any]) -> dict[str, Any]:
    """The specification in the page's own colours, which follow the reader's: as CSS variables."""
    return coloured(spec, {name: f"var(--{name})" for name in LIGHT})


def css(colours: dict[str, str]) -> str:
    """The colours as CSS custom properties."""
    return "".join(f"--{name}:{value};" for name, value in colours.items())
