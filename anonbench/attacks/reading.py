"""Cuts the people of a split out of its images, before and after they were anonymized."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from anonbench.attacks.people import BLANK, GREY, SIZES, Album, Pairs, Photograph
from anonbench.common.errors import UserError
from anonbench.common.files import read_made
from anonbench.config.types import Region
from anonbench.datasets.attributes import attributes_of
from anonbench.regions.files import RegionFile, decode_region, read_regions
from anonbench.regions.footprint import footprint
from anonbench.regions.window import window_of
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
            of = one, found, people[one.annotation_id], record.file_name
            photograph = _photograph(*of, before, surroundings, widen)
            if photograph is None:
                continue
            clear.append(photograph)
            if control:
                blank = np.where(photograph.mask[..., None], np.uint8(BLANK), photograph.image)
                shown.append(replace(photograph, image=blank))
            else:
                shown.append(_photograph(*of, after, surroundings, widen))
    if not clear:
        raise UserError(
            f"{annotations} has no person with an identity and a {found.region} that is large enough to attack.",
            "Attack a dataset whose annotations have `identity`, such as one of the formats scenes, lfw or market1501.",
        )
    return Pairs(Album(clear, found.region), Album(shown, found.region))


def _photograph(
    one: Any,
    found: RegionFile,
    person: dict[str, Any],
    file_name: str,
    image: np.ndarray,
    surroundings: bool,
    widen: float,
) -> Photograph | None:
    """The person in the image; None where too little is visible."""
    region: Region = found.region
    place = footprint(decode_region(one), image.shape[:2], lambda side: 0)
    if place.mask is None or place.problem or place.side < SMALLEST:
        return None
    window = window_of(place.box, SIZES[region], widen)
    outline = np.zeros(image.shape[:2], bool)
    outline[place.window] = place.outline
    mask = window.cut(outline.view(np.uint8)).astype(bool)
    pixels = window.cut(image, GREY)
    if not surroundings:
        pixels = np.where(mask[..., None], pixels, np.uint8(GREY))
    return Photograph(
        image=pixels,
        mask=mask,
        side=place.side,
        identity=person["identity"],
        outfit=person.get("outfit"),
        attributes=attributes_of(person),
        file_name=file_name,
        annotation_id=one.annotation_id,
    )


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
