"""How often verdicts are wrong: originals against originals, and drops that are planted.

Needs a study's originals with many seeds, predicted and converted::

    snakemake --cores 2 results/predictions/scenes/mask-rcnn_demo/original/seed{0..11}/original.json.gz
    python -m experiments.false_alarms --dataset scenes --model mask-rcnn_demo --tasks detection instance_segmentation

Two groups of seeds are drawn at random and compared as originals and a variant would be, many times: all differences
are chance. Then a drop is planted, which is taken off the second group's values and replicates: of half, one and two
times the smallest one that is said to be detectable.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import nct, t
from tqdm import tqdm

from anonbench.common.files import read_made
from anonbench.evaluate.bootstrap import bootstrap
from anonbench.evaluate.draws import draw
from anonbench.evaluate.replicates import Replicates
from anonbench.models.predictions import read_predictions
from anonbench.report.inference.estimate import Estimate, estimate
from anonbench.report.inference.sample import Sample
from anonbench.report.inference.seeds import seed_spread

ERROR = 0.05
PLANTED = (0.5, 1.0, 2.0)


def main() -> None:
    """Parse the arguments, compare, print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="scenes")
    parser.add_argument("--model", default="mask-rcnn_demo")
    parser.add_argument("--tasks", nargs="+", default=["detection", "instance_segmentation"])
    parser.add_argument("--metrics", nargs="+", default=["AP", "AP75", "PCK"])
    parser.add_argument("--folder", type=Path, default=Path(), help="the study's folder")
    parser.add_argument("--group", type=int, default=3, help="seeds in each group")
    parser.add_argument("--splits", type=int, default=200)
    args = parser.parse_args()
    every = pooled(args)
    chosen = [
        n
        for n, column in enumerate(every[0].columns)
        if (column.scope == "all" and column.metric in args.metrics)
        or (column.scope, column.category, column.metric) == ("category", "person", "AP")
    ]
    rows = [compared(every, column, args.group, args.splits) for column in chosen]
    print(pd.DataFrame(rows).to_markdown(index=False, floatfmt=".3f"))


def pooled(args: argparse.Namespace) -> list[Replicates]:
    """The replicates of every seed's model."""
    split = read_made(args.folder / f"resources/datasets/{args.dataset}/annotations/val.json")
    draws = draw(split["images"], 1000, 0)
    found = sorted(args.folder.glob(f"results/predictions/{args.dataset}/{args.model}/original/seed*/original.json.gz"))
    return [bootstrap(split, read_predictions(path), args.tasks, draws, 2) for path in tqdm(found, desc="resample")]


def sample(every: list[Replicates], models: np.ndarray, column: int, drop: float = 0.0) -> Sample:
    """Some of the models, of one metric, with a drop taken off."""
    points = np.array([[every[model].point[column] - drop] for model in models])
    values = np.stack([every[model].values[:, column : column + 1] - drop for model in models])
    return Sample(points, values, np.zeros(len(models), int))


def compared(every: list[Replicates], column: int, group: int, splits: int) -> dict[str, object]:
    """Rates over random splits of the models of one metric."""

    def estimates(drop: float) -> Iterator[Estimate]:
        rng = np.random.default_rng(0)
        for _ in range(splits):
            order = rng.permutation(len(every))
            baseline = sample(every, order[:group], column)
            variant = sample(every, order[group : 2 * group], column, drop)
            yield estimate(baseline, variant, every[0].units, seed_spread(baseline, [variant]))

    def rate(drop: float) -> float:
        return float(np.mean([one.p_different()[0] <= ERROR for one in estimates(drop)]))

    smallest = float(np.mean([one.detectable(1 - ERROR, 0.8)[0] for one in estimates(0.0)]))
    points = np.array([one.point[column] for one in every])
    sd = float(points.std(ddof=1))
    df = 2 * (group - 1)
    limit = t.ppf(1 - ERROR / 2, df)
    planted = {}
    for times in PLANTED:
        shift = times * smallest / (sd * np.sqrt(2 / group))
        theory = nct.sf(limit, df, shift) + nct.cdf(-limit, df, shift)
        planted[f"{times:g} x planted"] = f"{rate(times * smallest):.2f} (theory {theory:.2f})"
    name = every[0].columns[column]
    return {
        "task": name.task, "of": name.category, "metric": name.metric, "seeds": len(every),
        "mean": 100 * float(points.mean()), "sd": 100 * sd, "called different": rate(0.0),
        "smallest detectable": 100 * smallest, **planted,
    }  # fmt: skip


if __name__ == "__main__":
    main()
