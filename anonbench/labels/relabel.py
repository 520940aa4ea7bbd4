"""The labels of a variant's training images, re-made by the model of the originals."""

from __future__ import annotations

import logging
from pathlib import Path

from anonbench.anonymize.dose import anonymized_part
from anonbench.common.errors import UserError
from anonbench.common.files import read_made, write_json
from anonbench.common.records import read_record
from anonbench.config.runtime import RuntimeConfig
from anonbench.labels.remake import Counts, remake
from anonbench.models.predict import predict
from anonbench.regions.files import RegionFile, read_regions
from anonbench.variants.manifest import Manifest
from anonbench.variants.recipe import Recipe
from anonbench.variants.variant_images import VariantFiles

log = logging.getLogger(__name__)


def relabel(
    run_dir: Path, annotations: Path, regions: Path, images: VariantFiles, out: Path, runtime: RuntimeConfig
) -> None:
    """Write a split in the common form whose labels fit a variant's images, as far as a model finds who is there.

    Parameters
    ----------
    run_dir
        Holds the model of the originals, as :func:`anonbench.models.train.train` writes it.
    annotations
        The split in the common form.
    regions
        The split's region file, of the variant's region.
    images
        The variant of the split.
    out
        The file to write; its ``info.remade_labels`` are the counts (:class:`anonbench.labels.remake.Counts`).
    runtime
        As of :func:`anonbench.models.predict.predict`.

    Raises
    ------
    UserError
        As there, or if nobody is found.
    """
    variant = read_record(Manifest, images.manifest)
    if variant.recipe is None:
        raise ValueError("the originals draw nobody anew")
    redrawn = redrawn_people(read_regions(regions), variant.recipe)
    split, counts = remake(read_made(annotations), predict(run_dir, annotations, images, runtime), redrawn)
    title = f"{variant.variant} of {variant.dataset} {variant.split}"
    if not counts.remade:
        raise UserError(
            f"The model of the originals finds none of the {counts.people} people whom {title} draws: there is nobody"
            " left to learn from.",
            "Take `remade` out of the `labels` of the block with this method, dataset and model.",
        )
    log.info("%s: %s", title, described(counts))
    write_json(out, split)


def redrawn_people(regions: RegionFile, recipe: Recipe) -> set[int]:
    """The ids of the annotations whose region a variant fills: of all but those whom a level's share leaves visible."""
    return {
        record.annotation_id
        for image in regions.images
        for record in anonymized_part(
            image.regions, image.file_name, (image.width, image.height), recipe.seed, recipe.share
        )
        if record.annotation_id is not None
    }


def described(counts: Counts) -> str:
    """The counts in a line."""
    text = f"{counts.remade} of {counts.people} people's labels re-made, {counts.ignored} ignored"
    return text + (f"; {counts.lost} of {counts.keypoints} keypoints not found" if counts.keypoints else "")
