"""How the report names things."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from anonbench.config.cells import ORIGINAL, REMADE
from anonbench.evaluate.scopes import ALL, PEOPLE, WHO
from anonbench.report.main_table import lead_of

GROUP = ["dataset", "task", "model"]
RELABELLED = "labels re-made"
VARIANT = ["region", "method", "level", "labels"]


def words(name: str) -> str:
    """A name of the configuration as people write it: ``instance_segmentation`` is *instance segmentation*."""
    return name.replace("_", " ")


def leading(drops: pd.DataFrame) -> pd.DataFrame:
    """The rows of every group's leading metric, on the original validation images, of variants.

    They are of people where there are other categories beside them: a mean over all of them hides what becomes of the
    only one that is anonymized. ``measure`` is the metric's name with whom it is of.
    """
    shown = of_lead(drops[(drops.evaluated_on == "original") & (drops.method != ORIGINAL)])
    shown = shown[shown.leads]
    return named(shown.assign(measure=shown.metric + shown.of.map({PEOPLE: " of people", ALL: ""})))


def of_lead(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of every group's leading metric, of people and of all categories: ``of`` says of whom.

    ``leads`` is True of people where a group has rows of them, that is where there are other categories, and else of
    all categories. Rows are sorted by group, those that lead first.
    """
    people = (rows.scope == WHO) & (rows.category == PEOPLE)
    parts = []
    for _, group in rows[people | (rows.scope == ALL)].groupby(GROUP, sort=True):
        group = group[group.metric == lead_of(group.metric[group.scope == ALL])]
        of = group.scope.map({WHO: PEOPLE, ALL: ALL})
        leads = of == (PEOPLE if (of == PEOPLE).any() else ALL)
        parts.append(group.assign(of=of, leads=leads).sort_values("leads", ascending=False, kind="stable"))
    return pd.concat(parts) if parts else rows.iloc[:0].assign(of=pd.Series(dtype=str), leads=pd.Series(dtype=bool))


def named(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with a column ``variant`` for people: the level is left out where a study has only one."""
    several = rows.level[rows.method != ORIGINAL].nunique() > 1
    parts = [rows.region, rows.method.map(words), *([rows.level] if several else [])]
    text = parts[0].astype(str)
    for part in parts[1:]:
        text = text + " · " + part.astype(str)
    text = text.where(rows.labels != REMADE, text + f" · {RELABELLED}")
    return rows.assign(variant=text.where(rows.method != ORIGINAL, ORIGINAL))


def in_order(rows: pd.DataFrame, levels: Sequence[str]) -> list[str]:
    """The names of the variants, by region and method, and from weak to strong."""
    strength = {level: number for number, level in enumerate(levels)}
    one = rows.drop_duplicates("variant").assign(strength=lambda found: found.level.map(strength).fillna(len(levels)))
    return one.sort_values(["region", "method", "strength", "level", "labels"]).variant.tolist()


def group_title(dataset: str, task: str, model: str, groups: pd.DataFrame) -> str:
    """A group's name: its task, and dataset and model where several have that task.

    Parameters
    ----------
    groups
        All groups, a row each.
    """
    same = groups[groups.task == task]
    more = [dataset] * (groups.dataset.nunique() > 1) + [model] * (len(same[same.dataset == dataset]) > 1)
    title = words(task)
    return title[0].upper() + title[1:] + (f" ({', '.join(more)})" if more else "")


def slug(*parts: str) -> str:
    """Names as one that serves as a file name and an anchor."""
    return "-".join("".join(c if c.isalnum() else "-" for c in part).strip("-").lower() for part in parts)
