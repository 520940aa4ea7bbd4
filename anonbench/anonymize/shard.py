"""One shard of a variant: every image of its list anonymized, their edits in one archive, then the shard's manifest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from anonbench.anonymize import worklist
from anonbench.anonymize.jobs import jobs_of
from anonbench.anonymize.method import Assignment, Method
from anonbench.anonymize.run import run_jobs
from anonbench.anonymize.worklist import WorkList
from anonbench.common.files import require_space
from anonbench.common.folders import workplace
from anonbench.common.records import read_record
from anonbench.config.plugins import METHODS
from anonbench.variants.edit_archive import edit_writer
from anonbench.variants.entry import Entry
from anonbench.variants.manifest import ShardManifest, write_manifest
from anonbench.variants.recipe import Recipe

# Bytes per pixel of an edit at most: of generated people, 1.3 to 1.8 of their own pixels, which fill half of an image.
BYTES_PER_PIXEL = 1


def anonymize_shard(
    *,
    work: Path,
    images_dir: Path,
    recipe: Recipe,
    edits: Path,
    manifest: Path,
    generators: Sequence[Path] = (),
    device: str = "auto",
    workers: int = 1,
    log_file: Path | None = None,
) -> None:
    """Write the edits of one shard's images and, last, the shard's manifest.

    Memory and time depend on the shard's own images only; the edits' bytes depend neither on ``workers`` nor on the
    number of shards.

    Parameters
    ----------
    work
        The shard's list (:func:`anonbench.anonymize.worklist.deal_regions`).
    images_dir
        Folder of the split's images.
    recipe
        How images are made. Each image's random generator depends on its seed and on the file name only.
    edits, manifest
        The files to write (:mod:`anonbench.variants.edit_archive`), whole or not at all.
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
    with workplace(edits) as folder:
        partial = folder / edits.name
        entries = _written(listed, method, recipe, images_dir, partial, workers, title, log_file)
        # Never a manifest beside edits that it does not describe.
        manifest.unlink(missing_ok=True)
        partial.replace(edits)
    head = {key: getattr(listed, key) for key in ("dataset", "split", "regions_sha256", "shard", "shards")}
    write_manifest(manifest, ShardManifest(**head, recipe=recipe, images=entries))


def _written(
    listed: WorkList,
    method: Method,
    recipe: Recipe,
    source: Path,
    edits: Path,
    workers: int,
    title: str,
    log_file: Path | None,
) -> list[Entry]:
    """Anonymize the images of a list and archive their edits; their manifest entries in the list's order."""
    pixels = sum(image.width * image.height for image in listed.images)
    require_space(edits.parent, BYTES_PER_PIXEL * pixels, f"Anonymizing {title}")
    jobs = jobs_of(listed.images, source, recipe.seed, recipe.share)
    entries = []
    assignment = Assignment(jobs, listed.region, listed.keypoint_names, recipe.seed, edits.parent, log_file)
    method.expect(listed.keypoint_names)
    with method.started(assignment), edit_writer(edits) as writer:
        done = run_jobs(jobs, method, workers)
        for one in tqdm(done, total=len(jobs), desc=title, unit="image", mininterval=1):
            if one.edit is not None:
                writer.add(one.entry.file_name, one.edit)
            entries.append(one.entry)
    return entries
