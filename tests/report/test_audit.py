"""The table of audits: whatever is 0 throughout is left out for people, and nothing is called what it is not."""

from __future__ import annotations

import pandas as pd

from anonbench.regions.files import RegionCounts
from anonbench.report.audit import KEYS, as_markdown, audit_table
from anonbench.variants.audit import Audit, VariantAudit


def audit(variant: str, **what) -> VariantAudit:
    people = RegionCounts(people=9, regions=8, **what.pop("people", {}))
    made = {"changed": 8, "masked_out": {}, "outside": 0, "left": 0, "shares": [0.5, 0.6, 0.7, 0.98], **what}
    return VariantAudit(dataset="d", split="train", variant=variant, audit=Audit(people=people, **made))


def test_rows_are_sorted_and_hold_every_count() -> None:
    masked = audit("face-blur-low", changed=5, masked_out={"error": 2, "too_small": 1}, people={"no_face_found": 4})
    table = audit_table([masked, audit("body-gan-high-draw2", outside=1, left=2)])
    assert table[KEYS].values.tolist() == [
        ["d", "train", "body", "gan", "high", 2],
        ["d", "train", "face", "blur", "low", 0],
    ]
    assert table.changed.tolist() == [8, 5] and table.masked_out.tolist() == [0, 3]
    assert table.reasons.tolist() == ["", "error: 2; too_small: 1"]
    assert table.outside.tolist() == [1, 0] and table.left.tolist() == [2, 0] and table.no_face_found.tolist() == [0, 4]
    assert table[["least_share", "share_p1", "share_p5", "median_share"]].values.tolist() == [[0.5, 0.6, 0.7, 0.98]] * 2


def test_people_read_what_there_is() -> None:
    page = as_markdown(audit_table([audit("body-blur-low"), audit("body-gan-low", people={"not_located": 3})]))
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines()]
    assert head[5:] == ["people", "changed", "masked out", "left", "not located", "changed pixels, least / median"]
    assert [row[5:] for row in rows] == [["9", "8", "0", "0", "0", "50% / 98%"], ["9", "8", "0", "0", "3", "50% / 98%"]]


def test_people_read_what_was_left_out() -> None:
    table = audit_table(
        [audit("body-drop_images-all", images_left_out=3), audit("body-drop_labels-all", labels_removed=5)]
    )
    assert table.images_left_out.tolist() == [3, 0] and table.labels_removed.tolist() == [0, 5]
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in as_markdown(table).splitlines()]
    assert head[9:11] == ["images left out", "labels removed"] and [row[9:11] for row in rows] == [
        ["3", "0"],
        ["0", "5"],
    ]


def test_people_are_told_aloud_who_is_left_visible_on_purpose() -> None:
    page = as_markdown(
        audit_table([audit("body-blur-half", left_on_purpose=3), audit("face-blur-half", left_on_purpose=4)])
    )
    assert "left visible on purpose |" in page.replace("  ", "") and page.splitlines()[-1].startswith(
        "**7 faces or bodies are left visible"
    )
    assert "purpose" not in as_markdown(audit_table([audit("body-blur-low")]))


def test_draws_are_told_apart_where_there_are_several() -> None:
    page = as_markdown(audit_table([audit("body-gan-low"), audit("body-gan-low-draw1")]))
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines()]
    assert [row[4:6] for row in (rows[0], *rows[2:])] == [["level", "draw"], ["low", "0"], ["low", "1"]]


def test_a_split_without_regions_has_no_shares() -> None:
    table = audit_table([audit("body-blur-low", shares=[])])
    assert pd.isna(table.least_share[0]) and as_markdown(table).splitlines()[-1].split("|")[-2].strip() == "–"


def test_without_variants_the_table_is_empty() -> None:
    assert list(audit_table([]).columns)[:6] == KEYS and audit_table([]).empty
