"""What a study found, made up: every number is drawn from a truth that is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from anonbench.config.cells import ORIGINAL, REMADE, Variant
from anonbench.config.statistics import StatisticsConfig
from anonbench.evaluate.errors.detections import KINDS as DETECTION_KINDS
from anonbench.evaluate.errors.poses import KINDS as POSE_KINDS
from anonbench.evaluate.errors.record import CellErrors, Decomposition, Error, TaskErrors
from anonbench.report.audit import SHARES
from anonbench.report.contrasts import Contrast, Differing, Tally
from anonbench.report.drops import COLUMNS, KEYS
from anonbench.report.errors import error_table
from anonbench.report.findings import Findings
from anonbench.report.missing import MissingCell
from anonbench.report.names import slug
from anonbench.report.pictures import Before, Gallery, GeneratorSheet, Pair, uri
from anonbench.report.provenance import Provenance, Spent
from anonbench.report.published import COLUMNS as PUBLISHED

TASKS = {"mask-rcnn": ("detection", "instance_segmentation"), "td-hm": ("pose",)}
METHODS = {"blur": 0.5, "pixelate": 0.45, "mask_out": 0.55, "inpaint": 0.54, "gan": 0.12}  # what they cost, bodies
FACES = {"detection": 0.0, "instance_segmentation": 0.002, "pose": 0.12}  # the share of it, of faces
MARGIN = 0.01


def found(
    datasets: Sequence[str] = ("street",),
    levels: Sequence[str] = ("medium",),
    seeds: int = 3,
    categories: Sequence[str] = ("person", "car", "dog"),
    images: int = 2,
    remade: bool = False,
    **other,
) -> Findings:
    """Findings of ``TASKS`` on each dataset, with ten variants a level beside the originals.

    Where labels are ``remade``, another of generated bodies costs half as much at each level.
    """
    rng = np.random.default_rng(0)
    summary = _summary(rng, datasets, levels, seeds, categories, remade)
    drops = _drops(summary, seeds)
    runs = summary[["dataset", "model"]].drop_duplicates()
    variants = [str(Variant(r, m, lv)) for r in ("body", "face") for m in METHODS for lv in levels]
    trainings = pd.DataFrame(
        {
            "dataset": run.dataset,
            "model": run.model,
            "variant": variant,
            "seed": 0,
            "step": step,
            "loss": 2 / step + 0.1,
        }
        for run in runs.itertuples()
        for variant in (ORIGINAL, *variants)
        for step in range(1, 31)
    )
    picture = rng.integers(0, 255, (96, 128, 3), dtype=np.uint8)
    pairs = [Pair(variant, uri(np.full((96, 128, 3), 7 * n, np.uint8))) for n, variant in enumerate(variants)]
    befores = [Before(f"{n}.png", uri(picture), 128, 96, pairs) for n in range(images)]
    snapshots = [
        {"epoch": e, "step": 10 * e, "losses": {"l1": 1 / e}, "quality": {"diversity": 2.0 + e, "people": 9}}
        for e in (1, 2)
    ]
    what = {
        "summary": summary,
        "drops": drops,
        "audits": _audits(datasets, variants),
        "published": pd.DataFrame(columns=PUBLISHED),
        "errors": _errors(summary),
        "trainings": trainings,
        "galleries": [Gallery(name, True, befores) for name in datasets],
        "contrasts": [contrast(name, task, model) for name in datasets for model in TASKS for task in TASKS[model]],
        "generators": [GeneratorSheet("street_body", uri(picture), "", 314, 20, snapshots)],
        "provenance": Provenance(
            versions={"anonbench": "0.1.0", "Python": "3.11.2"},
            configuration="study: []\n",
            machines=["A processor, 2 cores"],
            spent=[Spent(stage="models", jobs=66, wall=3.2, cpu=3.1, gpu=0, memory=2 * 10**9, disk=10**8)],
            cells=summary.groupby(["dataset", "model", "region", "method", "level", "labels", "seed"]).ngroups,
        ),
        "levels": list(levels),
        "claims": StatisticsConfig(margin=MARGIN),
    }
    return Findings(**what | other)


def contrast(dataset: str, task: str, model: str, rendered: bool = True) -> Contrast:
    """Two images on which models differ, the first one in the page."""
    picture = np.full((40, 90, 3), 90, np.uint8)
    images = [
        Differing(
            name=f"{rank}.png", instances=4, original=Tally(3, 1), variant=Tally(rank, 7),
            file=f"worst/{slug(dataset, model, task)}/body-gan-low/{rank:02d}.jpg", jpeg=b"a picture",
            source=uri(picture) if rank == 1 else "", width=90, height=40,
        )
        for rank in (1, 2)
    ]  # fmt: skip
    return Contrast(dataset, task, model, "body-gan-low", 0, rendered, images)


def missing_cell(**other) -> MissingCell:
    """A cell whose training ran out of memory."""
    what = {
        "dataset": "street", "model": "td-hm", "variant": "body-gan-medium", "seed": 1, "evaluated_on": "original",
        "rule": "train_model", "log": "logs/train_model/street/td-hm/body-gan-medium/seed1.log", "ended": "failed",
        "lines": ["10:00:00 ERROR Not enough <memory>."],
    }  # fmt: skip
    return MissingCell(**what | other)


def _summary(rng, datasets, levels, seeds, categories, remade) -> pd.DataFrame:
    rows = []
    variants = [Variant(), *(Variant(r, m, lv) for r in ("body", "face") for m in METHODS for lv in levels)]
    variants += [Variant("body", "gan", level, labels=REMADE) for level in levels if remade]
    for dataset in datasets:
        for model, tasks in TASKS.items():
            for task in tasks:
                for variant in variants:
                    strength = (
                        1
                        if variant.level == "none"
                        else 0.5 + (list(levels).index(variant.level) + 1) / len(levels) / 2
                    )
                    true = METHODS.get(variant.method, 0) * strength * (FACES[task] if variant.region == "face" else 1)
                    true *= 0.5 if variant.labels == REMADE else 1
                    for seed in range(seeds):
                        for scope, category in [("all", "all"), *(("category", one) for one in categories)]:
                            for metric, offset in {"AP": 0.6, "AP50": 0.9}.items():
                                mine = true if category in ("all", "person") else 0.1 * true
                                value = max(0.0, offset - mine + rng.normal(0, 0.004))
                                rows.append(
                                    [dataset, task, model, variant.region, variant.method, variant.level,
                                     variant.labels, seed, "original", scope, category, metric, value, 200, 500]
                                )  # fmt: skip
    names = [*KEYS[:7], "seed", *KEYS[7:], "value", "images", "instances"]
    table = pd.DataFrame(rows, columns=names)
    table.insert(8, "draw", 0)
    match = ["dataset", "task", "model", "seed", "scope", "category", "metric"]
    base = table[table.method == ORIGINAL][[*match, "value"]].rename(columns={"value": "baseline"})
    table = table.merge(base, on=match)
    return table.assign(drop=table.baseline - table.value)


def _drops(summary: pd.DataFrame, seeds: int) -> pd.DataFrame:
    grouped = summary[summary.method != ORIGINAL].groupby(KEYS)
    table = grouped[["value", "baseline", "drop"]].mean().reset_index()
    error = 0.0035
    table["standard_error"], table["df"] = error, 20
    table["low"], table["high"] = table["drop"] - 2.09 * error, table["drop"] + 2.09 * error
    table["seeds"] = table["baseline_seeds"] = seeds
    table["images"], table["detectable"], table["lower_bound"] = 200, 0.012, seeds < 2
    table["p"] = table["p_holm"] = table["p_equivalent"] = table["p_equivalent_holm"] = 0.5
    table["seed_sd"], table["images_error"], table["draws"] = 0.004, 0.001, 1
    table["verdict"] = np.select(
        [table.low.gt(0), table.high.lt(0), table.low.gt(-MARGIN) & table.high.lt(MARGIN)],
        ["costs", "gains", "equivalent"],
        "undetermined",
    )
    if seeds < 2:
        table["verdict"] = ""
    return table[COLUMNS]


KINDS = {"pose": POSE_KINDS}  # of other tasks, those of detections


def _errors(summary: pd.DataFrame) -> pd.DataFrame:
    """Of every cell, each kind of error costs as much as its number in the order of kinds, per cent of the drop.

    Where a task has other categories than people, it costs twice that of people and three times that of the others.
    """
    cells = []
    overall = summary[(summary.scope == "all") & (summary.metric == "AP")]
    for (dataset, model, region, method, level, labels, seed), rows in overall.groupby(
        ["dataset", "model", "region", "method", "level", "labels", "seed"]
    ):
        tasks = {}
        seed_part = (seed - 1) / 1000
        for row in rows.itertuples():
            errors = {
                kind: Error(count=10 * number, dap=0.02 + seed_part + number / 100 * (row.baseline - row.value))
                for number, kind in enumerate(KINDS.get(row.task, DETECTION_KINDS), 1)
            }
            who = {"people": 2, "others": 3} if row.task != "pose" else {}
            groups = {name: Decomposition(ap=row.value, errors=_costlier(errors, n)) for name, n in who.items()}
            tasks[row.task] = TaskErrors(ap=row.value, errors=errors, judged=99, categories={}, groups=groups)
        variant = str(Variant(region, method, level, labels=labels))
        cells.append(
            CellErrors(
                dataset=dataset, model=model, variant=variant, seed=seed, evaluated_on="original", tasks=tasks
            )
        )  # fmt: skip
    return error_table(cells, 0.95)


def _costlier(errors: dict[str, Error], times: int) -> dict[str, Error]:
    """As many of each, so many times as costly."""
    return {kind: Error(count=error.count, dap=times * error.dap) for kind, error in errors.items()}


def _audits(datasets, variants) -> pd.DataFrame:
    rows = []
    for dataset in datasets:
        for number, name in enumerate(variants):
            one = Variant.parse(name)
            row = {"dataset": dataset, "split": "train", "region": one.region, "method": one.method, "level": one.level}
            row["draw"] = 0
            row |= {
                "people": 300,
                "regions": 290,
                "changed": 290 - number,
                "masked_out": number,
                "outside": 0,
                "left": 0,
            }
            row |= {"not_located": 2, "reasons": f"too_small: {number}" if number else ""}
            rows.append(row | dict(zip(SHARES, (0.4, 0.5, 0.6, 0.98), strict=True)))
    return pd.DataFrame(rows)
