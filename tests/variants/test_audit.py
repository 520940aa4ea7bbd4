"""The audit of a variant: its sums, and when it stops."""

from __future__ import annotations

import pytest

from anonbench.common.errors import UserError
from anonbench.regions.files import RegionCounts
from anonbench.variants.audit import Audit, audited, described, require_hidden
from anonbench.variants.entry import Entry

PEOPLE = RegionCounts(people=7, not_located=1, images_hidden=1, regions=8, annotated=7, unlocated=1)
ENTRIES = [
    Entry(file_name="empty.png", sha256="0"),
    Entry(file_name="a.png", sha256="0", regions=4, fallbacks={"outside": 1, "error": 1}, shares=[0.5, None, 1.0, 0.9]),
    Entry(file_name="b.png", sha256="0", regions=4, fallbacks={"not_located": 1}, shares=[1.0, 0.0, 1.0, 1.0], left=1),
]


def test_regions_are_summed_by_what_became_of_them() -> None:
    audit = audited(ENTRIES, PEOPLE)
    assert (audit.people, audit.changed, audit.outside, audit.left) == (PEOPLE, 5, 1, 1)
    assert audit.masked_out == {"error": 1, "not_located": 1}
    assert audit.shares == [0.0, 0.03, 0.15, 1.0]


def test_a_split_without_people_has_no_shares() -> None:
    audit = audited(ENTRIES[:1], RegionCounts())
    assert audit == Audit(people=RegionCounts(), changed=0, masked_out={}, outside=0, left=0, shares=[])
    require_hidden(audit, ENTRIES[:1], 0, "toy train")


def test_the_line_does_not_call_a_mask_out_what_is_none() -> None:
    assert described(audited(ENTRIES, PEOPLE)) == (
        "7 people; 5 of 8 regions changed; 1 masked out (error); 1 masked out (not_located); outside the image: 1;"
        " left: 1; people not located: 1; images hidden: 1; changed pixels of a region: at least 0%, median 100%"
    )


def test_whoever_is_left_fails_the_variant() -> None:
    audit = audited(ENTRIES, PEOPLE)
    with pytest.raises(UserError, match=r"toy train leaves 1 of 8 regions as they were, the first in 'b.png'"):
        require_hidden(audit, ENTRIES, 0, "toy train")
    require_hidden(audit, ENTRIES, 1, "toy train")


@pytest.mark.parametrize(
    ("fallbacks", "stops"),
    [
        ({"error": 2}, True),
        ({"output_not_rgb": 1, "output_missing": 1}, True),
        ({"output_unchanged": 1, "outside": 1}, True),
        ({"error": 1, "not_located": 1}, True),
        ({"error": 1}, False),
        ({"not_located": 2}, False),
        ({"too_small": 2}, False),
    ],
)
def test_a_method_that_fails_throughout_makes_no_variant(fallbacks: dict[str, int], stops: bool) -> None:
    entries = [Entry(file_name="a.png", sha256="0", regions=2, fallbacks=fallbacks, shares=[1.0, 1.0])]
    audit = audited(entries, RegionCounts(regions=2))
    if stops:
        with pytest.raises(UserError, match=r"toy train would be masked out throughout.*\(.*: 1|2\)"):
            require_hidden(audit, entries, 0, "toy train")
    else:
        require_hidden(audit, entries, 0, "toy train")
