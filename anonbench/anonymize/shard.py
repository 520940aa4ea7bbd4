"""One shard of a variant: every image of its list anonymized, then the shard's manifest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from anonbench.anonymize import worklist
from anonbench.anonymize.jobs import jobs_of
from anonbench.anonymize.manifest import Entry, ShardManifest, make_folders, write_manifest
from anonbench.anonymize.method import Assignment, Method
from anonbench.anonymize.recipe import Recipe
from anonbench.anonymize.run import write_jobs
from anonbench.anonymize.worklist import WorkList
from anonbench.common.files import require_space
from anonbench.common.folders import replacing
from anonbench.common.records import read_record
from anonbench.config.plugins import METHODS

# Bytes per pixel of an encoded image at most: JPEG at quality 100 with full chroma, or PNG, of noisy photographs.
BYTES_PER_PIXEL = 3


def anonymize_shard(
    *,
    work: Path,
    originals: Path,
    recipe: Recipe,
    out_dir: Path,
    manifest: Path,
    generators: Sequence[Path] = (),
    device: str = "auto",
    workers: int = 1,
    log_file: Path | None = None,
) -> None:
    """Write the changed images of one shard into ``out_dir`` and, last, the shard's manifest.

    The images keep their relative file names and their sizes. They are written into a folder beside ``out_dir`` that
    replaces it as a whole. Memory and time depend on the shard's own images only; the images' bytes depend neither on
    ``workers`` nor on the number of shards.

    Parameters
    ----------
    work
        The shard's list (:func:`anonbench.anonymize.worklist.deal_regions`).
    originals
        Manifest of the variant ``original``, beside its folder ``images``.
    recipe
        How images are made. Each image's random generator depends on its seed and on the file name only.
    out_dir, manifest
        What is written, whole or not at all.
    generators, device
        For a learned method, its generators' files, and where it computes: ``auto``, ``cpu``, ``cuda`` or a device of
        that kind.
    workers
        Number of processes, or of threads where a method works on several images at once.
    log_file
        Where a user's own command writes what it prints; beside its images where it is None.

    Raises
    ------
    UserError
        If an image is missing, changed or unreadable, if the list is damaged, if the method or a parameter is unknown,
        if a user's command fails, or if the disk is too small. Nothing is written then.
    """
    method = METHODS.create(recipe.plugin, recipe.config)
    method.prepare(generators, device)
    if worklist.BLOCK % method.together:
        raise ValueError(f"a method must work on {worklist.BLOCK} images at once or a divisor of it")
    listed = read_record(WorkList, work)
    title = f"{listed.dataset} {listed.split} {recipe.method} {listed.shard} of {listed.shards}"
    with replacing(out_dir) as partial:
        entries = _written(listed, method, recipe.seed, originals.parent / "images", partial, workers, title, log_file)
        # Never a manifest beside images that it does not describe.
        manifest.unlink(missing_ok=True)
    head = {key: getattr(listed, key) for key in ("dataset", "split", "regions_sha256", "shard", "shards")}
    write_manifest(manifest, ShardManifest(**head, recipe=recipe, images=entries))


def _written(
    listed: WorkList,
    method: Method,
    seed: int,
    source: Path,
    target: Path,
    workers: int,
    title: str,
    log_file: Path | None,
) -> list[Entry]:
    """Anonymize the images of a list from one folder to another; their manifest entries in the list's order."""
    pixels = sum(image.width * image.height for image in listed.images)
    require_space(target, BYTES_PER_PIXEL * pixels, f"Anonymizing {title}")
    make_folders(target, [image.file_name for image in listed.images])
    jobs = jobs_of(listed.images, source, target, seed)
    with method.started(Assignment(jobs, listed.region, listed.keypoint_names, seed, target, log_file)):
        return list(tqdm(write_jobs(jobs, method, workers), total=len(jobs), desc=title, unit="image", mininterval=1))
