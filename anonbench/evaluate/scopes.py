"""What a metric is taken over: all categories, those of a super-category, or one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

ALL = "all"  # also the category that its rows name
SUPERCATEGORY, CATEGORY, WHO = "supercategory", "category", "who"
PEOPLE, OTHERS = "people", "others"  # the groups of the scope `who`


def families(supercategories: Mapping[str, str | None]) -> dict[str, list[str]]:
    """The categories of every super-category, by its name.

    Parameters
    ----------
    supercategories
        The super-category of every category, by the category's name.

    Returns
    -------
    dict
        Empty where there is only one super-category, or one for every category: they say nothing new.
    """
    found: dict[str, list[str]] = {}
    for category, family in supercategories.items():
        if family:
            found.setdefault(family, []).append(category)
    return found if 1 < len(found) < len(supercategories) else {}


def who(categories: Iterable[str], people: Collection[str]) -> dict[str, list[str]]:
    """The categories that are people, who are anonymized, and the others, which are not; empty where one is missing."""
    parts: dict[str, list[str]] = {PEOPLE: [], OTHERS: []}
    for name in categories:
        parts[PEOPLE if name in people else OTHERS].append(name)
    return parts if all(parts.values()) else {}
