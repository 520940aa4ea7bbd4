"""The picture of cost against linkability, and the heat-map and tables of attacks."""

from __future__ import annotations

import dataclasses
import json

import pandas as pd
import pytest

from anonbench.report.linkability import at_most
from anonbench.report.page import charts, page
from anonbench.report.panels import Chart, Fragment, Section, Table
from anonbench.report.writing import drawn, sections_of
from tests.helpers.attacked import CLEAR, CONTROL, attacked
from tests.helpers.found import found
from tests.report.test_answer import drops_of

BOUNDS = {
    "face-blur-medium": {"naive": 0.2, "parrot/other_clothes": 0.36},
    "face-gan-medium": {"naive": 0.011, "parrot/other_clothes": 0.03},
    "face-inpaint-medium": {"naive": 0.02, "parrot/other_clothes": 0.361},
    "face-pixelate-medium": {"naive": 0.01},
}
DROPS = {"blur": (0.03, "costs"), "gan": (0.04, "costs"), "inpaint": (0.05, "costs"), "pixelate": (0.06, "costs"),
         "mask_out": (0.5, "costs")}  # fmt: skip
NAME = "privacy-street-pose-td-hm-face"


def section(**other) -> Section:
    what = {"drops": drops_of(**DROPS), "privacy": attacked(BOUNDS)} | other
    return next(one for one in sections_of(found(**what)) if one.title == "Privacy")


def chart_of(one: Section, name: str = NAME) -> Chart:
    return next(chart for chart in charts([one]) if chart.name == name)


def table_of(one: Section, name: str) -> Table:
    return next(panel for panel in one.panels if isinstance(panel, Table) and panel.name == name)


def test_a_study_without_attacks_says_so() -> None:
    one = next(one for one in sections_of(found()) if one.title == "Privacy")
    assert one.panels == [] and one.lead.startswith("This study measures no attack.")


def test_a_point_a_method_with_its_drop_and_the_worst_attackers_bound() -> None:
    data = chart_of(section()).data.set_index("method")
    assert set(data.index) == {"blur", "gan", "inpaint", "pixelate"}  # nothing is known of mask out
    gan = data.loc["gan"]
    assert (gan["drop"], gan.low, gan.high, gan.bound) == pytest.approx((4, 3.5, 4.5, 3.0))
    assert (gan.attack, gan.setting, gan.gallery) == ("parrot", "other_clothes", 100)
    assert gan.says == "at most 4.5 AP points lost, at most 3.0 % excess linkability"
    assert data.originals.tolist() == pytest.approx([100 * (CLEAR - CONTROL) / (1 - CONTROL)] * 4, abs=1e-3)


def test_an_attack_that_sees_the_surroundings_is_named_so() -> None:
    frame = attacked(BOUNDS)
    frame.loc[frame.attack == "parrot", ["surroundings", "headline"]] = "shown", False
    one = section(privacy=frame)
    assert chart_of(one).data.set_index("method").bound["gan"] == pytest.approx(1.1)
    assert set(chart_of(one, "attacks-faces-face").data.label) == {
        "naive, all", "parrot, with surroundings, other clothes",
    }  # fmt: skip


def test_variants_that_another_one_beats_are_dimmed_and_not_named() -> None:
    chart = chart_of(section())
    assert chart.data.set_index("method").beaten.to_dict() == {"blur": "", "gan": "", "inpaint": "yes", "pixelate": ""}
    svg = drawn(chart)[0]
    assert svg.count('opacity="0.25"') == 2  # the point and its interval
    assert all(f">{name}</text>" in svg for name in ("blur", "gan", "pixelate", "control", "originals"))
    assert svg.count(">inpaint</text>") == 1  # in the legend
    assert chart.data.set_index("method").place.drop("inpaint").to_dict() == {
        "blur": "above", "gan": "below", "pixelate": "above",
    }  # fmt: skip
    assert [line.partition(":")[0] for line in chart.text[:-1]] == ["face · pixelate", "face · gan", "face · blur"]
    assert chart.says.endswith("No other one beats face · pixelate, face · gan, face · blur.")


def test_what_is_not_attacked_is_said_and_has_its_row() -> None:
    one = section()
    assert chart_of(one).text[-1] == "How far people can be linked is not known of face · mask out."
    rows = table_of(one, "linkability").data.set_index("method")
    assert (
        rows.says["mask_out"] == "at most 50.5 AP points lost, linkability not known" and rows.beaten["mask_out"] == ""
    )
    assert pd.isna(rows.bound["mask_out"]) and rows.attack["mask_out"] == ""


def test_one_seed_promises_no_bound_on_the_drop() -> None:
    drops = drops_of(**DROPS).assign(lower_bound=True, seeds=1)
    data = chart_of(section(drops=drops)).data.set_index("method")
    assert data.says["gan"] == "4.0 AP points lost with one seed, at most 3.0 % excess linkability"


def test_the_anchors_and_the_noise_floor_are_drawn() -> None:
    spec = json.dumps(chart_of(section()).spec)
    originals = round(100 * (CLEAR - CONTROL) / (1 - CONTROL), 3)
    assert f'{{"at": 0.0, "word": "control"}}, {{"at": {originals}, "word": "originals"}}' in spec
    assert "$band" in spec
    assert [panel.template for panel in section().panels if isinstance(panel, Fragment)] == ["privacy.html"]
    assert "$band" not in json.dumps(chart_of(section(summary=found(seeds=1).summary)).spec)


def test_each_dataset_task_and_region_has_a_picture_of_its_own() -> None:
    bounds = BOUNDS | {"body-gan-medium": {"naive": 0.2}}
    findings = found(datasets=("street", "coco"))
    privacy = pd.concat([attacked(bounds, serves=("street", "coco")), attacked(bounds, ("street",), people="market")])
    one = section(drops=findings.drops, summary=findings.summary, privacy=privacy)
    names = {chart.name for chart in charts([one])}
    tasks = ("detection-mask-rcnn", "instance-segmentation-mask-rcnn", "pose-td-hm")
    assert names == {f"privacy-{d}-{t}-{r}" for d in ("coco", "street") for t in tasks for r in ("body", "face")} | {
        f"attacks-{people}-{region}" for people in ("faces", "market") for region in ("body", "face")
    }
    assert len(chart_of(one, "attacks-faces-face").data) == 7  # once, however many datasets they serve
    # Faces cost less and are linkable no further, but who has to hide bodies cannot choose them.
    assert chart_of(one, "privacy-street-pose-td-hm-body").data.beaten.tolist() == [""]


def test_the_heat_map_has_a_row_a_variant_a_column_an_attack_and_both_anchors() -> None:
    chart = chart_of(section(), "attacks-faces-face")
    one = chart.data[(chart.data.variant == "face · blur") & (chart.data.attack == "naive")].iloc[0]
    assert one.label == "naive, all" and one.value == pytest.approx(100 * (CONTROL + 0.15 * (1 - CONTROL)))
    assert (one.control, one.clear, one.excess) == pytest.approx((4, 70, 15))
    svg = drawn(chart)[0]
    assert all(f">{text}<" in svg for text in ("originals", "control", "70.0", "4.0", "18.4", "other clothes"))
    assert chart.says.endswith("The most is 33.9, of parrot, other clothes on face · inpaint.")


def test_the_table_of_attacks_holds_every_criterion() -> None:
    privacy = attacked(BOUNDS, others={"rank5": 0.5, "inferred:glasses": 0.25})
    table = table_of(section(privacy=privacy), "attacks")
    assert len(table.data) == 7 and table.data["rank5"].tolist() == [50.0] * 7
    assert table.columns["inferred:glasses"].label == "inferred:glasses %"
    assert {"value", "control", "clear", "chance", "setting"} <= table.columns.keys() and "gallery" not in table.columns
    row = table.data[(table.data.variant == "face · gan") & (table.data.attack == "parrot")].iloc[0]
    assert row.excess_high == 3.0 and row.clear == 70


def test_draws_are_told_apart_where_there_are_several() -> None:
    bounds = {"face-gan-medium": {"naive": 0.1}, "face-gan-medium-draw1": {"naive": 0.2}}
    one = section(privacy=attacked(bounds))
    assert chart_of(one, "attacks-faces-face").data.variant.tolist() == ["face · gan", "face · gan · draw1"]
    assert chart_of(one).data.bound.tolist() == [20.0]


def test_attacks_that_serve_no_dataset_of_the_study_are_shown_without_a_picture() -> None:
    one = section(privacy=attacked(BOUNDS, serves=("elsewhere",)))
    assert {chart.name for chart in charts([one])} == {"attacks-faces-face"}
    assert not any(isinstance(panel, Fragment) for panel in one.panels)


def test_the_page_holds_it() -> None:
    text = page("T", [section()], {"dominated": "Worse.", "control": "Same attempt."})
    assert 'id="privacy-street-pose-td-hm-face"' in text and "at most 4.5 AP points lost" in text
    assert 'href="#term-dominated"' in text


def test_points_of_the_picture_are_those_of_the_answer() -> None:
    findings = dataclasses.replace(found(), privacy=attacked(BOUNDS))
    one = next(one for one in sections_of(findings) if one.title == "Privacy")
    data = chart_of(one).data
    answer = next(chart for chart in charts(sections_of(findings)) if chart.name == "drop-street-pose-td-hm").data
    both = data.merge(answer, on="variant", suffixes=("", "_there"))
    assert len(both) == 4 and both["drop"].tolist() == pytest.approx(both["drop_there"].tolist())
    assert all(row.says.startswith(f"at most {at_most(row.high / 100)} AP") for row in data.itertuples())
