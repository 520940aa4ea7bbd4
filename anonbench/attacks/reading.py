"""Cuts the people of a split out of its images, before and after they were anonymized."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from anonbench.attacks.people import BLANK, GREY, SIZES, Album, Pairs, Photograph
from anonbench.common.errors import UserError
from anonbench.common.files import read_made
from anonbench.config.types import Region
from anonbench.datasets.attributes import attributes_of
from anonbench.regions.files import RegionRecord, decode_region, read_regions
from anonbench.regions.footprint import footprint
from anonbench.regions.window import Window, window_of
from anonbench.variants.variant_images import VariantFiles, VariantImages

SMALLEST = 8  # px of a region's longer side: below that, nobody is compared


def read_pairs(
    annotations: Path,
    regions: Path,
    originals: VariantFiles,
    variant: VariantFiles | None,
    *,
    control: bool = False,
    surroundings: bool = False,
    widen: float = 1.0,
) -> Pairs:
    """Every person of a split with an identity and a located region.

    Parameters
    ----------
    annotations, regions
        The split's files.
    originals
        Its originals.
    variant
        What is attacked; None for an anchor.
    control
        Whether ``shown`` has the regions' pixels in one colour, of what the images show.
    surroundings
        Whether the pixels outside of the region are kept; they are grey otherwise.
    widen
        Factor on the sides of the windows.

    Raises
    ------
    UserError
        If no person has an identity, the variant leaves out images, or a file is missing or damaged.
    """
    people = {a["id"]: a for a in read_made(annotations)["annotations"] if a.get("identity") is not None}
    found = read_regions(regions)
    clear_images = VariantImages(originals)
    shown_images = VariantImages(variant) if variant else None
    clear: list[Photograph] = []
    shown: list[Photograph] = []
    for record in tqdm(found.images, desc=f"{found.dataset} {found.split} people", unit="image", mininterval=1):
        if not any(region.annotation_id in people for region in record.regions):
            continue
        before = clear_images.read(record.file_name)
        after = shown_images.read(record.file_name) if shown_images else before
        for one in record.regions:
            if one.annotation_id not in people:
                continue
            view = _view(one, before.shape[:2], found.region, widen)
            if view is None:
                continue
            person = people[one.annotation_id]
            photograph = Photograph(
                image=view.cut(before, surroundings),
                mask=view.mask,
                side=view.side,
                identity=person["identity"],
                outfit=person.get("outfit"),
                attributes=attributes_of(person),
                file_name=record.file_name,
                annotation_id=one.annotation_id,
            )
            clear.append(photograph)
            if control:
                image = np.where(view.mask[..., None], np.uint8(BLANK), photograph.image)
            else:
                image = view.cut(after, surroundings)
            shown.append(replace(photograph, image=image))
    if not clear:
        raise UserError(
            f"{annotations} has no person with an identity and a {found.region} that is large enough to attack.",
            "Attack a dataset whose annotations have `identity`, such as one of the formats scenes, lfw or market1501.",
        )
    return Pairs(Album(clear, found.region), Album(shown, found.region))


@dataclass(frozen=True)
class _View:
    """Where a person is seen: the window, the region within it, and the longer side of the region's box in px."""

    window: Window
    mask: np.ndarray
    side: float

    def cut(self, image: np.ndarray, surroundings: bool) -> np.ndarray:
        """What is seen there in an image."""
        pixels = self.window.cut(image, GREY)
        return pixels if surroundings else np.where(self.mask[..., None], pixels, np.uint8(GREY))


def _view(one: RegionRecord, shape: tuple[int, int], region: Region, widen: float) -> _View | None:
    """Where a person is seen in an image of ``shape``; None where too little of them is visible."""
    place = footprint(decode_region(one), shape, lambda side: 0)
    if place.mask is None or place.problem or place.side < SMALLEST:
        return None
    window = window_of(place.box, SIZES[region], widen)
    outline = np.zeros(shape, bool)
    outline[place.window] = place.outline
    return _View(window, window.cut(outline.view(np.uint8)).astype(bool), place.side)


def check_disjoint(known: Pairs, targets: Pairs) -> None:
    """Stop where the attacker would learn from the people who are attacked.

    Raises
    ------
    UserError
        If an identity is in both splits.
    """
    both = set(known.clear.identities.tolist()) & set(targets.clear.identities.tolist())
    if both:
        raise UserError(
            f"{len(both)} identities, such as {min(both)}, are in both splits of the attacked dataset.",
            "Give train and val different people: an attacker must not learn from those who are attacked.",
        )
