"""How many seeds a study needs."""

import pandas as pd

from anonbench.config.statistics import StatisticsConfig
from anonbench.report.inference.power import seeds_for
from anonbench.report.precision import as_markdown, seeds_needed

STATISTICS = StatisticsConfig(margin=0.01)


def drops(*rows):
    names = ["task", "metric", "scope", "value", "baseline", "seed_sd", "images_error"]
    return pd.DataFrame(rows, columns=names).assign(dataset="d", model="m")


def test_the_median_variant_that_still_works_decides():
    table = drops(
        ("detection", "AP", "all", 0.5, 0.5, 0.004, 0.002),
        ("detection", "AP", "all", 0.4, 0.5, 0.004, 0.004),
        ("detection", "AP", "all", 0.3, 0.5, 0.004, 0.001),
        ("detection", "AP", "all", 0.0, 0.5, 0.004, 0.9),
        ("detection", "AP75", "all", 0.5, 0.5, 0.9, 0.9),
        ("detection", "AP", "category", 0.5, 0.5, 0.9, 0.9),
    )
    (row,) = seeds_needed(table, STATISTICS).itertuples(index=False)
    assert row.seeds == seeds_for(0.01, 0.004, 0.002, 0.95, 0.8) == 6
    assert "| d         | detection | m       | AP       | 0.40            | 0.20" in as_markdown(
        seeds_needed(table, STATISTICS), STATISTICS
    )


def test_where_only_images_help_or_nothing_is_known():
    table = drops(
        ("detection", "AP", "all", 0.5, 0.5, 0.004, 0.02), ("pose", "AP", "all", 0.5, 0.5, float("nan"), 0.02)
    )
    needed = seeds_needed(table, STATISTICS)
    assert needed.task.tolist() == ["detection"] and needed.seeds.isna().all()
    assert "no number: more images" in as_markdown(needed, STATISTICS)
