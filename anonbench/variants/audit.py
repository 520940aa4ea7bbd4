"""The audit of a variant: what became of everybody in its split, and whether somebody is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from anonbench.common.errors import UserError
from anonbench.common.records import Record
from anonbench.regions.files import RegionCounts
from anonbench.variants.entry import Entry

AUDIT_FILE = "audit.json"
OUTSIDE = "outside"
# Reasons that blame a method or a tool. Where nothing but these came of a variant, it is no variant of that method.
_FAILED = ("error", "output_")


class Audit(Record):
    """What became of everybody in a split.

    Parameters
    ----------
    people
        What its regions are (:class:`anonbench.regions.files.RegionCounts`).
    changed
        Regions that the method replaced.
    masked_out
        Regions that were filled black instead, by reason.
    outside
        Regions of which nothing is in the image: nothing was to be done.
    left
        Regions in which not one pixel changed, although everybody in them was to be hidden.
    left_on_purpose
        Regions of people who stay visible because the level's ``share`` of people has not drawn them.
    images_left_out
        Images that training leaves out, with their regions.
    labels_removed
        Annotations that training leaves out, of images that stay.
    shares
        Which share of a region's pixels changed: the least of all, the 1st and 5th percentile, and the median; empty
        without regions. Pixels that happen to keep their value are not counted as changed.
    """

    people: RegionCounts
    changed: int
    masked_out: dict[str, int]
    outside: int
    left: int
    left_on_purpose: int = 0
    images_left_out: int = 0
    labels_removed: int = 0
    shares: list[float]


class VariantAudit(Record):
    """A variant's audit without its images, for those who only count: the file ``audit.json`` beside its manifest."""

    dataset: str
    split: str
    variant: str
    audit: Audit


def audited(entries: Sequence[Entry], people: RegionCounts) -> Audit:
    """The audit of a variant's entries."""
    fallbacks = sum((Counter(entry.fallbacks) for entry in entries), Counter())
    outside = fallbacks.pop(OUTSIDE, 0)
    left_on_purpose = sum(entry.left_on_purpose or 0 for entry in entries)
    shares = [share for entry in entries for share in entry.shares if share is not None]
    return Audit(
        people=people,
        changed=sum(entry.regions for entry in entries if not entry.is_left_out)
        - fallbacks.total()
        - outside
        - left_on_purpose,
        masked_out=dict(sorted(fallbacks.items())),
        outside=outside,
        left=sum(entry.left for entry in entries),
        left_on_purpose=left_on_purpose,
        images_left_out=sum(entry.is_left_out for entry in entries),
        labels_removed=sum(len(entry.removed_labels) for entry in entries),
        shares=[round(float(share), 4) for share in np.percentile(shares, [0, 1, 5, 50])] if shares else [],
    )


def require_hidden(audit: Audit, entries: Sequence[Entry], most_left: int, title: str) -> None:
    """Stop for a variant that leaves more people visible than allowed, or that its method made nothing of.

    Raises
    ------
    UserError
        Naming the first image that leaves somebody, or why the method failed throughout.
    """
    if audit.left > most_left:
        first = next(entry.file_name for entry in entries if entry.left)
        raise UserError(
            f"{title} leaves {audit.left} of {audit.people.regions} regions as they were, the first in {first!r};"
            f" at most {most_left} may be left.",
            "Look at that image; if such regions hide nobody, raise `variants.most_left`.",
        )
    failed = sum(count for reason, count in audit.masked_out.items() if reason.startswith(_FAILED))
    if failed and not audit.changed:
        reasons = ", ".join(f"{reason}: {count}" for reason, count in audit.masked_out.items())
        raise UserError(
            f"{title} would be masked out throughout: its method failed on every region ({reasons}).",
            "Mend the method or its parameters; its log says more.",
        )


def described(audit: Audit) -> str:
    """The audit in a line."""
    people = audit.people
    parts = [f"{people.people} people", f"{audit.changed} of {people.regions} regions changed"]
    parts += [f"{count} masked out ({reason})" for reason, count in audit.masked_out.items()]
    rest = {
        "outside the image": audit.outside,
        "left": audit.left,
        "left visible on purpose": audit.left_on_purpose,
        "images left out": audit.images_left_out,
        "labels removed": audit.labels_removed,
        "people not located": people.not_located,
        "images hidden": people.images_hidden,
        "faces not visible": people.no_visible_face,
        "faces not found": people.no_face_found,
        "not annotated and hidden": people.unannotated,
        "not annotated and left visible": people.unannotated_left,
    }
    parts += [f"{what}: {count}" for what, count in rest.items() if count]
    if audit.shares:
        parts.append(f"changed pixels of a region: at least {audit.shares[0]:.0%}, median {audit.shares[-1]:.0%}")
    return "; ".join(parts)
