"""Which models the report compares image by image."""

from __future__ import annotations

from types import SimpleNamespace

from anonbench.config.cells import Cell
from anonbench.study.shown import compared, contrast_files


def cell(variant, seed=0, on="original", dataset="d", model="m"):
    return Cell(dataset, model, variant, seed, on)


def pairs(cells, hidden=()):
    return [(a.seed, b.dataset, b.variant, b.seed) for a, b in compared(SimpleNamespace(cells=cells), hidden)]


ORIGINALS = [cell("original", seed, dataset=dataset) for seed in (10, 2) for dataset in ("d", "e")]


def test_of_every_variant_the_least_seed_and_the_first_draw_are_compared_on_the_original_images():
    cells = [
        *ORIGINALS, cell("original", 2, on="face-gan-low"), cell("face-gan-low", 10), cell("face-gan-low", 2),
        cell("face-gan-low-draw1", 2), cell("body-blur-low", 10), cell("body-gan-low", 2, on="anonymized"),
        cell("face-gan-high", 2), cell("face-gan-low", 2, dataset="e"),
    ]  # fmt: skip
    expected = [
        (10, "d", "body-blur-low", 10), (2, "d", "face-gan-high", 2), (2, "d", "face-gan-low", 2),
        (2, "e", "face-gan-low", 2),
    ]  # fmt: skip
    assert pairs(cells) == pairs(cells[::-1]) == expected
    assert pairs(cells, hidden=["d"]) == expected[3:]


def test_each_kind_of_labels_is_compared():
    names = [f"face-gan-low{more}" for more in ("", "-draw1", "-remade", "-draw1-remade")]
    assert pairs([*ORIGINALS, *(cell(name, 2) for name in names)]) == [
        (2, "d", "face-gan-low", 2), (2, "d", "face-gan-low-remade", 2)
    ]  # fmt: skip


def test_a_later_draw_is_compared_where_there_is_no_first_one():
    assert pairs([*ORIGINALS, cell("face-gan-low-draw3", 2), cell("face-gan-low-draw2", 2)]) == [
        (2, "d", "face-gan-low-draw2", 2)
    ]


def test_the_report_waits_for_a_small_file_of_each_of_them_and_for_no_predictions():
    study = SimpleNamespace(cells=[*ORIGINALS, cell("face-gan-low", 2), cell("body-gan-low", 2)])
    assert [str(path) for path in contrast_files(study, [])] == [
        "results/contrasts/d/m/body-gan-low/seed2.json",
        "results/contrasts/d/m/face-gan-low/seed2.json",
    ]
    assert contrast_files(study, ["d"]) == []
