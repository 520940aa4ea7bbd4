"""A user's COCO file as a dataset of the configuration: which categories are people, and what their keypoints need."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from anonbench.common.errors import UserError
from anonbench.datasets.tables.coco_categories import COCO_SIGMAS
from anonbench.datasets.tables.coco_json import read_coco

# What datasets call people, as whole words of a category's name.
_PEOPLE = {
    "person", "persons", "people", "pedestrian", "pedestrians", "human", "humans", "man", "men", "woman", "women",
    "child", "children", "rider", "riders", "cyclist", "cyclists", "worker", "workers", "player", "players", "boy",
    "girl", "baby", "crowd", "passenger", "driver",
}  # fmt: skip
# OKS's falloff where nobody has measured the annotators' own: the mean of COCO's.
DEFAULT_SIGMA = round(sum(COCO_SIGMAS.values()) / len(COCO_SIGMAS), 3)


def people_among(names: Sequence[str]) -> list[str]:
    """The categories that are people by their names."""
    return [name for name in names if _PEOPLE & set(re.split(r"[^a-z]+", name.lower()))]


def own_dataset(places: dict[str, tuple[Path, Path]], people: Sequence[str]) -> dict[str, Any]:
    """The entry of the configuration for a user's COCO files.

    Parameters
    ----------
    places
        By split, the folder of images and the JSON file.
    people
        The categories that are people; guessed from their names where there are none.

    Raises
    ------
    UserError
        If a file cannot be read, or no category is a person.
    """
    contents = {split: read_coco(annotations) for split, (_, annotations) in places.items()}
    categories = [category for content in contents.values() for category in content["categories"]]
    names = list(dict.fromkeys(category["name"] for category in categories if isinstance(category.get("name"), str)))
    chosen = list(people) or people_among(names)
    if not chosen:
        first = next(iter(places.values()))[1]
        raise UserError(
            f"No category of {first} is a person by its name: {', '.join(names)}.", "Name those that are with --people."
        )
    splits = {
        split: {"images": str(images), "annotations": str(annotations)}
        for split, (images, annotations) in places.items()
    }
    entry: dict[str, Any] = {"format": "coco", "splits": splits, "people": chosen}
    keypoints = next((c["keypoints"] for c in categories if c.get("name") in chosen and c.get("keypoints")), [])
    if keypoints and list(keypoints) != list(COCO_SIGMAS):
        entry["sigmas"] = [DEFAULT_SIGMA] * len(keypoints)
    return entry
