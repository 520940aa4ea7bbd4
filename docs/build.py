"""Render the documents' tables of results from the stored figures in ``docs/results/data/``.

Run from anywhere::

    python docs/build.py                            # render every table
    python docs/build.py --check                    # change nothing; exit 1 and name what is stale
    python docs/build.py --take demo summary.csv    # first store what the table `demo` shows of a finished study, whose
                                                    # drops.csv lies beside it
    python docs/build.py --pictures                 # also draw docs/anonymizers.jpg; needs the demo's generators

A table stands between `<!-- table: demo -->` and `<!-- /table -->`.
A stored file has one row per variant and metric: mean and standard deviation over seeds, in AP points (x 100); of the
drop in AP also the interval and the verdict. The linkability of a variant's people is there as a metric, in per cent.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[1]
DATA = Path("docs", "results", "data")
PICTURED = DATA / "anonymizers.json"
BLOCK = re.compile(r"(<!-- table: (\w+) -->\n)(.*?)(<!-- /table -->)", re.DOTALL)

GROUP = ["dataset", "task", "model"]
VARIANT = ["region", "method", "level"]
COLUMNS = [*GROUP, *VARIANT, "metric", "mean", "sd", "seeds", "low", "high", "verdict"]
METHODS = [
    "original",
    "drop_images",
    "drop_labels",
    "blur",
    "pixelate",
    "mask_out",
    "inpaint",
    "gan",
]  # the order of rows; others follow
DROPPED = {"AP": "drop in AP", **{f"AP_{name}": f"drop in AP_{name}" for name in ("easy", "medium", "hard")}}
DROP, LINKED = DROPPED["AP"], "linkability"
EMPTY = dict.fromkeys(("sd", "low", "high"), "")  # columns of numbers that some rows do not have


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 and name what is stale")
    parser.add_argument(
        "--take", nargs=2, metavar=("TABLE", "SUMMARY"), help="store what a table shows of a summary.csv"
    )
    parser.add_argument("--pictures", action="store_true", help="also draw docs/anonymizers.jpg")
    arguments = parser.parse_args()
    if arguments.take:
        table, summary = arguments.take
        take = TAKES[table]
        shown = take(pd.read_csv(summary, keep_default_na=False, na_values={"value": "", "drop": "", LINKED: ""}))
        drops = pd.read_csv(Path(summary).with_name("drops.csv"), keep_default_na=False, na_values=EMPTY)
        aggregated(shown, take(drops)).to_csv(ROOT / DATA / f"{table}.csv", index=False)
    if arguments.check:
        problems = stale(ROOT)
        print("\n".join(problems) or "The documents are up to date.")
        return int(bool(problems))
    if arguments.pictures:
        subprocess.run([sys.executable, str(ROOT / "docs" / "make_pictures.py")], check=True)
        (ROOT / PICTURED).write_text(json.dumps(pictured(ROOT), indent=1) + "\n", encoding="utf-8")
    for path in documents(ROOT):
        path.write_text(rendered(path.read_text(encoding="utf-8"), ROOT), encoding="utf-8")
    return 0


def documents(root: Path) -> list[Path]:
    """Every document that may hold a table."""
    return [root / "README.md", *sorted((root / "docs").rglob("*.md"))]


def stale(root: Path) -> list[str]:
    """A line for every block that differs from its figures, and for a picture of other methods than the configured."""
    problems = []
    for path in documents(root):
        text = path.read_text(encoding="utf-8")
        for old, new in zip(BLOCK.finditer(text), BLOCK.finditer(rendered(text, root)), strict=True):
            if old[0] != new[0]:
                problems.append(f"{path.relative_to(root)}: the table {old[2]} is stale. Run `make docs`.")
    if json.loads((root / PICTURED).read_text(encoding="utf-8")) != pictured(root):
        problems.append("docs/anonymizers.jpg shows other methods than config/config.yaml. Run `make demo pictures`.")
    return problems


def rendered(text: str, root: Path) -> str:
    """A document with its tables rendered from the stored figures."""

    def block(found: re.Match[str]) -> str:
        data, shown = TABLES[found[2]]
        figures = pd.read_csv(root / DATA / f"{data}.csv", keep_default_na=False, na_values=EMPTY)
        return f"{found[1]}\n{shown(figures)}\n\n{found[4]}"

    return BLOCK.sub(block, text)


def pictured(root: Path) -> dict[str, object]:
    """What decides on the picture: the methods and generators of the default configuration."""
    config = yaml.safe_load((root / "config" / "config.yaml").read_text(encoding="utf-8"))
    drawn = {name: levels for name, levels in config["methods"].items() if not name.startswith("drop_")}
    return {"methods": drawn, "generators": config["generators"]}


# What is stored: the rows of a study's summary that a table shows, then their mean and spread over seeds.


def people(summary: pd.DataFrame) -> pd.DataFrame:
    """Of the demo: AP of people, who are one of several categories of detectors, and PCK."""
    detectors = (summary.task != "pose") & (summary.scope == "category") & (summary.category == "person")
    poses = (summary.task == "pose") & (summary.scope == "all")
    return summary[(detectors | poses) & summary.metric.isin(["AP", "PCK"])]


def medium(summary: pd.DataFrame) -> pd.DataFrame:
    """Of the photographs: main metrics of all categories at the level ``medium``."""
    shown = summary.level.isin(["none", "medium"]) & (summary.evaluated_on == "original") & (summary.scope == "all")
    return summary[shown & summary.metric.isin(["AP", "AP50", "PCK"])]


def faces(summary: pd.DataFrame) -> pd.DataFrame:
    """Of WIDER FACE: the official AP of easy, medium and hard faces."""
    shown = (summary.dataset == "wider_face") & (summary.evaluated_on == "original") & (summary.scope == "all")
    return summary[shown & summary.metric.isin(DROPPED)]


def aggregated(rows: pd.DataFrame, intervals: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation over seeds of every metric, and of the drops in AP, in AP points, with a drop's
    interval and verdict, of rows of ``drops.csv``; and how linkable a variant leaves people."""
    drops = rows[rows.metric.isin(DROPPED) & (rows.method != "original")]
    drops = drops.assign(metric=drops.metric.map(DROPPED), value=drops["drop"])
    linked = rows.dropna(subset=[LINKED]).drop_duplicates([*GROUP, *VARIANT, "seed"])
    linked = linked.assign(metric=LINKED, value=linked[LINKED])
    values = pd.concat([rows, drops, linked]).assign(value=lambda table: 100 * table.value)
    grouped = values.groupby([*GROUP, *VARIANT, "metric"], sort=True).value
    found = grouped.agg(mean="mean", sd="std", seeds="count").reset_index()
    intervals = intervals[intervals.metric.isin(DROPPED) & (intervals.method != "original")].assign(
        metric=intervals.metric.map(DROPPED), low=100 * intervals.low, high=100 * intervals.high
    )
    key = [*GROUP, *VARIANT, "metric"]
    found = found.merge(intervals[[*key, "low", "high", "verdict"]], on=key, how="left")
    return found.fillna({"verdict": ""}).round(6)[COLUMNS]


# What is shown.


def points(mean: float, sd: float) -> str:
    return f"{mean:.1f}" if pd.isna(sd) else f"{mean:.1f} ± {sd:.1f}"


def with_interval(row: pd.Series) -> str:
    """A mean with its interval where it has one, or else its spread."""
    return points(row["mean"], row.sd) if pd.isna(row.low) else f"{row['mean']:.1f} [{row.low:.1f}, {row.high:.1f}]"


def variants(figures: pd.DataFrame) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    """Names of each variant, as a table shows them, and its rows; the original first."""
    order = {name: place for place, name in enumerate(METHODS)}
    found = sorted(
        figures.groupby(VARIANT),
        key=lambda item: (item[0][1] != "original", item[0][0], order.get(item[0][1], len(order)), item[0]),
    )
    for key, rows in found:
        names = dict(zip(VARIANT, key, strict=True))
        yield {name: "–" if value == "none" else value for name, value in names.items()}, rows


def side_by_side(figures: pd.DataFrame) -> str:
    """One row per variant, tasks side by side."""
    columns = {
        "box AP": ("detection", "AP"),
        "mask AP": ("instance_segmentation", "AP"),
        "pose AP": ("pose", "AP"),
        "PCK": ("pose", "PCK"),
    }
    lines = []
    for names, rows in variants(figures):
        cells = {(row.task, row.metric): points(row["mean"], row.sd) for _, row in rows.iterrows()}
        shown = {title: cells.get(column, "–") for title, column in columns.items()}
        if LINKED in set(figures.metric):
            bounds = rows[rows.metric == LINKED]["mean"]
            shown["linked, at most"] = "–" if bounds.empty else f"{math.ceil(bounds.iloc[0] - 1e-6)} %"
        lines.append({"region": names["region"], "method": names["method"], **shown})
    return markdown(lines)


def by_task(figures: pd.DataFrame) -> str:
    """One table per dataset and task, one row per variant."""
    parts = []
    for (dataset, task, model), group in figures.groupby(GROUP, sort=True):
        metrics = [metric for metric in ("AP", DROP, "AP50", "PCK") if metric in set(group.metric)]
        lines = []
        for names, rows in variants(group):
            cells = {row.metric: with_interval(row) for _, row in rows.iterrows()}
            verdict = "".join(rows.verdict.unique()) or "–"
            lines.append(
                {**names, **{m: cells.get(m, "–") for m in metrics}, "verdict": verdict, "seeds": str(rows.seeds.max())}
            )
        parts.append(f"### {dataset}: {task.replace('_', ' ')} ({model})\n\n{markdown(lines)}")
    return "\n\n".join(parts)


def by_difficulty(figures: pd.DataFrame) -> str:
    """One row per variant; AP of each difficulty, and its drop with the verdict."""
    lines = []
    for names, rows in variants(figures):
        found = {row.metric: row for _, row in rows.iterrows()}
        shown = {"method": names["method"], "level": names["level"]}
        for metric in ("AP_easy", "AP_medium", "AP_hard"):
            drop, difficulty = found.get(DROPPED[metric]), metric.removeprefix("AP_")
            shown[f"{difficulty} AP"] = points(found[metric]["mean"], found[metric].sd)
            shown[f"drop, {difficulty}"] = "–" if drop is None else f"{with_interval(drop)} {drop.verdict}".strip()
        lines.append({**shown, "seeds": str(rows.seeds.max())})
    return markdown(lines)


def markdown(lines: list[dict[str, str]]) -> str:
    """Aligned rows; the first one's keys are the header."""
    rows = [list(lines[0]), *(list(line.values()) for line in lines)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    rule = "|" + "|".join(":" + "-" * (width + 1) for width in widths) + "|"
    return "\n".join([padded[0], rule, *padded[1:]])


TAKES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {"demo": people, "photos": medium, "wider_face": faces}
# A table's name, the stored file that it shows, and how.
TABLES: dict[str, tuple[str, Callable[[pd.DataFrame], str]]] = {
    "demo": ("demo", side_by_side),
    "photos": ("photos", by_task),
    "photos_side_by_side": ("photos", side_by_side),
    "wider_face": ("wider_face", by_difficulty),
}


if __name__ == "__main__":
    sys.exit(main())
