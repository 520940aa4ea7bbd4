"""The part of a split that its dataset's keys ``categories`` and ``take`` keep."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from anonbench.common.errors import UserError
from anonbench.common.files import sha256_of
from anonbench.config.datasets import DatasetConfig
from anonbench.datasets.format import check_people_kept
from anonbench.datasets.records import Sample, Split


def part_of(split: Split, name: str, config: DatasetConfig, dataset: str) -> Split:
    """What a dataset's entry in the configuration keeps of a split.

    Nothing but the images that are taken is read later; annotations of the others are looked at only where images with
    some of the chosen categories are drawn from.

    Parameters
    ----------
    split
        The split with everything that its source has.
    name
        Its name.
    config
        The dataset's entry.
    dataset
        Its name in the configuration.

    Raises
    ------
    UserError
        If a category does not exist or is one of people and left out, or fewer images are there than are to be taken;
        while the samples are read, if people recur among the images that are taken.
    """
    if config.categories is not None:
        split = _restricted(split, name, config.categories, dataset)
    count = config.take.counts().get(name) if config.take else None
    return split if count is None else _taken(split, name, config, count, dataset)


def _restricted(split: Split, name: str, chosen: Sequence[str], dataset: str) -> Split:
    """The split with annotations of the chosen categories alone, and all of its images."""
    known = [category["name"] for category in split.categories]
    for category in chosen:
        if category not in known:
            raise UserError(
                f"`datasets.{dataset}.categories` names {category!r}, which the split {name!r} does not have.",
                f"Choose from: {', '.join(known)}.",
            )
    people = [category["name"] for category in split.categories if category["is_person"]]
    try:
        check_people_kept(chosen, people)
    except UserError as error:
        raise UserError(f"datasets.{dataset}: {error.problem}", error.fix) from None
    kept = [category for category in split.categories if category["name"] in chosen]
    others = {category["id"]: category["name"] for category in split.categories if category["name"] not in chosen}

    def read(places: Sequence[int], counts: Counter[str]) -> Iterator[Sample]:
        for sample in split.read(places, counts):
            own = [one for one in sample.annotations if one.get("category_id") not in others]
            counts["annotations_left_out_of_other_categories"] += len(sample.annotations) - len(own)
            yield replace(sample, annotations=own)

    info = split.info | ({"categories_left_out": list(others.values())} if others else {})
    return replace(split, categories=kept, read=read, info=info)


def _taken(split: Split, name: str, config: DatasetConfig, count: int, dataset: str) -> Split:
    """The split with so many of its images, in their order."""
    key, everything = f"datasets.{dataset}.take.{name}", range(len(split.names))
    places, which = everything, ""
    if config.categories is not None:
        found = split.read(everything, Counter())
        places = [place for place, sample in zip(everything, found, strict=True) if sample.annotations]
        which = f" with an annotation of {', '.join(config.categories)}"
    if count > len(places):
        raise UserError(
            f"`{key}` is {count}, but the split {name!r} has {len(places)} images{which}.",
            f"Set it to {len(places)} or less, or leave it out to take all images.",
        )
    seed = config.take.seed
    chosen = sorted(heapq.nsmallest(count, places, key=lambda place: _rank(split.names[place], seed)))

    def read(places: Sequence[int], counts: Counter[str]) -> Iterator[Sample]:
        for sample in split.read([chosen[place] for place in places], counts):
            # NaN, as tables have it, is nobody.
            if any((who := one.get("identity")) is not None and who == who for one in sample.annotations):
                raise UserError(
                    f"`{key}` draws images, but annotations of {dataset} have an `identity`: people recur, and most"
                    " would be left with a single image.",
                    "Leave it out, and list all images of the people that you choose in an annotation file of its own.",
                )
            yield sample

    left_out = {"images_left_out_not_drawn": len(places) - count}
    if config.categories is not None:
        left_out["images_left_out_without_chosen_categories"] = len(everything) - len(places)
    return replace(
        split,
        names=[split.names[place] for place in chosen],
        read=read,
        bytes_expected=round(split.bytes_expected * count / max(1, len(everything))),
        info=split.info | {"take": {"images": count, "seed": seed}} | left_out,
    )


def _rank(name: str, seed: int) -> str:
    """What an image is drawn by: its name and the seed alone, so that everybody draws the same."""
    return sha256_of(f"{seed}/{name}".encode("utf-8", "surrogatepass"))
