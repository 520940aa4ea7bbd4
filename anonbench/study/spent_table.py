"""What a study has taken, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from tabulate import tabulate

from anonbench.study.jobs import STAGES
from anonbench.study.spent import Costs, Spent

HEADERS = ["jobs", "wall h", "CPU h", "of that start-up", "GPU h", "peak memory GB", "disk GB"]
SHOWN = 3  # jobs without a record that are named


def as_markdown(costs: Costs) -> str:
    """The sums by stage and by what was worked on, the machines, the unit costs, and what is missing."""
    stages = [(stage, [row for row in costs.spent if row.stage == stage]) for stage in STAGES]
    by_stage = [[stage, *_cells(rows)] for stage, rows in [*stages, ("total", costs.spent)] if rows]
    by_what = [[row.stage, row.about or "all", *_cells([row])] for row in costs.spent]
    units = [
        [name, f"{unit.seconds:.4g}", unit.on, unit.machine] for name, unit in costs.units.items() if unit.seconds > 0
    ]
    parts = [
        "# What the study has taken",
        _table(by_stage, ["stage", *HEADERS]),
        "Of every job its last attempt counts. A file with several names fills the disk once, where it was made.",
        *_missing(costs, {stage: len(rows) for stage, rows in stages}),
        "## By what was worked on",
        _table(by_what, ["stage", "of", *HEADERS]),
        "## Machines",
        *[
            f"- {machine}, {machine.memory / 2**30:.0f} GiB" + (f", torch {machine.torch}" if machine.torch else "")
            for machine in costs.machines
        ],
        "## Unit costs",
        _table(units, ["unit", "seconds", "of a", "machine"]),
    ]
    return "\n\n".join(parts) + "\n"


def _table(rows: list[list[str]], headers: list[str]) -> str:
    return tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True)


def _cells(rows: Iterable[Spent]) -> list[str]:
    rows = list(rows)
    shared = sum(row.shared for row in rows)
    return [
        f"{sum(row.jobs for row in rows):,}" + (f" ({shared:,} shared)" if shared else ""),
        *(f"{sum(getattr(row, key) for row in rows) / 3600:,.3f}" for key in ("wall", "cpu", "startup_cpu", "gpu")),
        f"{max(row.memory for row in rows) / 1e9:.2f}",
        f"{sum(row.disk for row in rows) / 1e9:,.3f}",
    ]


def _missing(costs: Costs, rows: dict[str, int]) -> list[str]:
    if not costs.missing:
        return []
    lines = []
    for stage, logs in costs.missing.items():
        named = ", ".join(f"`{log}`" for log in logs[:SHOWN])
        lines.append(f"- {stage}: {len(logs):,} jobs, such as {named}")
    return ["These jobs have not run, or left no record beside their log:", "\n".join(lines)]
