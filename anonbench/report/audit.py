"""The table of what became of everybody in every variant."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from anonbench.config.cells import Variant
from anonbench.regions.files import RegionCounts
from anonbench.variants.audit import VariantAudit

KEYS = ["dataset", "split", "region", "method", "level", "draw"]
COUNTS = ["outside", "left", "left_on_purpose", "images_left_out", "labels_removed"]
SHARES = ["least_share", "share_p1", "share_p5", "median_share"]
# What people read: the column, and what it is called there. The last ones are left out where they are 0 throughout.
_SHOWN = {"people": "people", "changed": "changed", "masked_out": "masked out", "left": "left"}
_WHERE_ANY = {
    "not_located": "not located",
    "images_hidden": "images hidden",
    "left_on_purpose": "left visible on purpose",
    "images_left_out": "images left out",
    "labels_removed": "labels removed",
    "outside": "outside the image",
    "no_visible_face": "face not visible",
    "no_face_found": "no face found",
    "unannotated": "not annotated, hidden",
    "unannotated_left": "not annotated, visible",
}


def audit_table(audits: Iterable[VariantAudit]) -> pd.DataFrame:
    """One row per variant of a split, sorted by :data:`KEYS`.

    Besides the counts of :class:`anonbench.variants.audit.Audit` and of its ``people``: ``masked_out``, summed over its
    reasons, ``reasons``, and of the shares of regions' pixels that changed the least, two percentiles and the median;
    NaN where there is no region.
    """
    rows = []
    for one in audits:
        variant, audit = Variant.parse(one.variant), one.audit
        names = [one.dataset, one.split, variant.region, variant.method, variant.level, variant.draw]
        key = dict(zip(KEYS, names, strict=True))
        counts = {"changed": audit.changed, "masked_out": sum(audit.masked_out.values())}
        counts |= {name: getattr(audit, name) for name in COUNTS}
        reasons = "; ".join(f"{reason}: {count}" for reason, count in audit.masked_out.items())
        shares = dict(zip(SHARES, audit.shares or [float("nan")] * len(SHARES), strict=True))
        rows.append(key | audit.people.model_dump() | counts | {"reasons": reasons} | shares)
    columns = [*KEYS, *RegionCounts.model_fields, "changed", "masked_out", *COUNTS, "reasons", *SHARES]
    return pd.DataFrame(rows, columns=columns).sort_values(KEYS, kind="stable", ignore_index=True)


def as_markdown(table: pd.DataFrame) -> str:
    """The table for people, with what is 0 throughout left out, and below it a word on whoever is left visible."""
    shown = _SHOWN | {column: name for column, name in _WHERE_ANY.items() if table[column].any()}
    keys = [key for key in KEYS if key != "draw" or table.draw.any()]
    page = table[[*keys, *shown]].rename(columns=shown)
    page["changed pixels, least / median"] = [
        "–" if pd.isna(least) else f"{least:.0%} / {median:.0%}"
        for least, median in zip(table.least_share, table.median_share, strict=True)
    ]
    text = page.to_markdown(index=False, disable_numparse=True)
    if left := table.left_on_purpose.sum():
        text += (
            f"\n\n**{left} faces or bodies are left visible on purpose**, by levels with a `share` below 1."
            " Such variants are for measuring alone: do not pass them on as anonymized."
        )
    return text
