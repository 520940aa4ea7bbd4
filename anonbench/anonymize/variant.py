"""Write one variant of a split: every image anonymized or linked, then the manifest; in one job or in shards."""

from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import cv2
import numpy as np
from tqdm import tqdm

from anonbench.anonymize.base import Anonymizer, Assignment
from anonbench.anonymize.frame import Anonymized
from anonbench.anonymize.originals import read_verified
from anonbench.anonymize.registry import create
from anonbench.anonymize.worklist import BLOCK, WorkList, read_list, work_of
from anonbench.common.errors import UserError
from anonbench.common.files import read_json, require_space, sha256_file, sha256_of, write_json
from anonbench.common.folders import link, link_or_copy, replacing
from anonbench.common.images import decode, encode
from anonbench.regions.files import decode_region
from anonbench.regions.region import Region

# Bytes a pixel of an encoded image at most: JPEG at quality 100 with full chroma, or PNG, of noisy photographs.
BYTES_PER_PIXEL = 3

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """One image to write: where from, where to, what the annotations say of it, and its region records."""

    source: Path
    target: Path
    file_name: str
    sha256: str
    size: tuple[int, int]
    records: list[dict[str, Any]]
    seed: int


def write_variant(
    *,
    originals: Path,
    regions: Path,
    out_dir: Path,
    manifest: Path,
    dataset: str,
    split: str,
    variant: str,
    method: str,
    params: dict[str, Any],
    seed: int,
    workers: int,
    generators: Sequence[Path] = (),
    device: str = "auto",
    log_file: Path | None = None,
) -> None:
    """Write a variant's images into ``out_dir`` and, last, its manifest, all in one job.

    The images keep their relative file names and their sizes, so that the annotations hold for every variant. An image
    without regions is linked (hard, else symbolic, else copied) and not read, the others are encoded anew. Everything
    is written into a folder beside ``out_dir`` that replaces it as a whole. The result depends neither on ``workers``
    nor on whether :func:`write_shard` and :func:`compose` make it instead.

    Parameters
    ----------
    originals
        Manifest of the variant ``original``, beside its folder ``images``.
    regions
        Region file of the split.
    out_dir, manifest
        What is written; the manifest may stand inside ``out_dir``.
    dataset, split, variant
        Names for the manifest; dataset and split must be those of the region file.
    method, params
        Anonymization method and its parameters.
    seed
        Base of the images' random generators, each of which depends on ``seed`` and the file name only.
    workers
        Number of processes, or of threads where a method works on several images at once.
    generators, device
        For a learned method, its generators' files, and where it computes.
    log_file
        Where a user's own command writes what it says; beside its images where it is None.

    Raises
    ------
    UserError
        If an image is missing, changed or unreadable, if the regions are those of another split or lack an image, if
        the method or a parameter is unknown, or if the disk is too small. Nothing is written then.
    """
    out_dir, manifest = Path(out_dir), Path(manifest)
    anonymizer = create(method, params, generators, device)
    work = work_of(originals, regions, dataset, split)
    title = f"{dataset} {split} {variant}"
    with replacing(out_dir) as partial:
        source = Path(originals).parent / "images"
        changed = _write_changed(work, anonymizer, source, partial, seed, workers, title, log_file)
        entries = _link_unchanged(originals, {entry["file_name"]: entry for entry in changed}, partial, out_dir)
        # Never a manifest beside images that it does not describe.
        manifest.unlink(missing_ok=True)
    _write_manifest(manifest, dataset, split, variant, {"method": method, "params": params, "seed": seed}, entries)


def write_shard(
    *,
    work: Path,
    originals: Path,
    out_dir: Path,
    manifest: Path,
    method: str,
    params: dict[str, Any],
    seed: int,
    workers: int,
    generators: Sequence[Path] = (),
    device: str = "auto",
    log_file: Path | None = None,
) -> None:
    """Write the changed images of one shard into ``out_dir`` and, last, the shard's manifest.

    Memory and time depend on the shard's own images only.

    Parameters
    ----------
    work
        The shard's list (:func:`anonbench.anonymize.worklist.write_lists`).
    originals, method, params, seed, workers, generators, device, log_file
        As for :func:`write_variant`.
    out_dir, manifest
        What is written, whole or not at all.

    Raises
    ------
    UserError
        As :func:`write_variant`.
    """
    out_dir, manifest = Path(out_dir), Path(manifest)
    anonymizer = create(method, params, generators, device)
    listed = read_list(work)
    title = f"{listed.dataset} {listed.split} {method} {listed.shard} of {listed.shards}"
    with replacing(out_dir) as partial:
        source = Path(originals).parent / "images"
        entries = _write_changed(listed, anonymizer, source, partial, seed, workers, title, log_file)
        manifest.unlink(missing_ok=True)
    made = {"method": method, "params": params, "seed": seed}
    head = {key: getattr(listed, key) for key in ("dataset", "split", "regions_sha256", "shard", "shards")}
    write_json(manifest, head | made | {"images": entries})


def compose(
    *,
    originals: Path,
    regions: Path,
    shards: list[Path],
    out_dir: Path,
    manifest: Path,
    dataset: str,
    split: str,
    variant: str,
    method: str,
    params: dict[str, Any],
    seed: int,
) -> None:
    """Make a variant of its shards: link their images and the unchanged ones, reading none, and write the manifest.

    Parameters
    ----------
    shards
        The manifests of all shards, each beside its folder ``images``.
    originals, regions, out_dir, manifest, dataset, split, variant, method, params, seed
        As for :func:`write_variant`, whose result this equals byte for byte.

    Raises
    ------
    UserError
        If a shard is missing, is there twice, or is one of other regions, another method or other parameters; if an
        image is missing. Nothing is written then.
    """
    out_dir, manifest = Path(out_dir), Path(manifest)
    made = {"method": method, "params": params, "seed": seed}
    parts = [(Path(path).parent / "images", read_json(path)) for path in shards]
    expected = {"dataset": dataset, "split": split, "regions_sha256": sha256_file(regions), "shards": len(parts)} | made
    for path, (_, part) in zip(shards, parts, strict=True):
        wrong = sorted(key for key in expected if part.get(key) != expected[key])
        if wrong:
            raise UserError(
                f"The shard {path} is none of {variant} of {dataset} {split}: it differs in {', '.join(wrong)}.",
                "Delete the variant's folder of shards and run the workflow again.",
            )
    if sorted(part["shard"] for _, part in parts) != list(range(1, len(parts) + 1)):
        raise UserError(f"Not every shard of {variant} of {dataset} {split} is there.", "Run the workflow again.")
    with replacing(out_dir) as partial:
        changed = {}
        for folder, part in parts:
            _make_folders(partial, part["images"])
            for entry in part["images"]:
                changed[entry["file_name"]] = entry
                with _telling(folder / entry["file_name"]):
                    link_or_copy(folder / entry["file_name"], partial / entry["file_name"])
        entries = _link_unchanged(originals, changed, partial, out_dir)
        manifest.unlink(missing_ok=True)
    _write_manifest(manifest, dataset, split, variant, made, entries)


def forget_shards(folder: Path, but: list[Path]) -> None:
    """Delete the shards in ``folder`` that no manifest of ``but`` belongs to: left behind by another number of them."""
    kept = {Path(path).parent.resolve() for path in but}
    for shard in Path(folder).glob("*"):
        if shard.resolve() not in kept:
            shutil.rmtree(shard)


def _write_changed(
    work: WorkList,
    anonymizer: Anonymizer,
    source: Path,
    target: Path,
    seed: int,
    workers: int,
    title: str,
    log_file: Path | None,
) -> list[dict[str, Any]]:
    """Anonymize the images of a list from one folder to another; their manifest entries in the list's order."""
    pixels = sum(image["width"] * image["height"] for image in work.images)
    require_space(target, BYTES_PER_PIXEL * pixels, f"Anonymizing {title}")
    if BLOCK % anonymizer.together:
        raise ValueError(f"a method must work on {BLOCK} images at once or a divisor of it")
    _make_folders(target, work.images)
    jobs = jobs_of(work.images, source, target, seed)
    given = Assignment(jobs, work.region, work.keypoint_names, seed, target, log_file)
    with anonymizer.started(given):
        written = write_jobs(jobs, anonymizer, workers)
        return list(tqdm(written, total=len(jobs), desc=title, unit="image", mininterval=1))


def _link_unchanged(
    originals: Path, changed: dict[str, dict[str, Any]], partial: Path, final: Path
) -> list[dict[str, Any]]:
    """Link what no shard has changed; the entries of all images in the split's order."""
    source = Path(originals).parent / "images"
    images = read_json(originals)["images"]
    _make_folders(partial, images)
    entries = []
    for image in images:
        name = image["file_name"]
        if name not in changed:
            with _telling(source / name):
                link(source / name, partial / name, final / name)
        entries.append(changed.get(name, image))
    if strangers := changed.keys() - {image["file_name"] for image in images}:
        raise UserError(f"{originals} lacks the image {min(strangers)!r}.", "Delete the variant and run again.")
    return entries


def _write_manifest(
    manifest: Path, dataset: str, split: str, variant: str, made: dict[str, Any], entries: list[dict[str, Any]]
) -> None:
    fallbacks = sum((Counter(entry["fallbacks"]) for entry in entries if entry["fallbacks"]), Counter())
    if fallbacks:
        listed = ", ".join(f"{reason}: {count}" for reason, count in sorted(fallbacks.items()))
        log.warning("%s %s %s: regions that fell back to a mask-out: %s", dataset, split, variant, listed)
    counts = {
        "images": len(entries),
        "linked": sum(not entry["regions"] for entry in entries),
        "regions": sum(entry["regions"] for entry in entries),
        "fallbacks": dict(sorted(fallbacks.items())),
    }
    restored = [entry["restored_pixels"] for entry in entries if "restored_pixels" in entry]
    if restored:
        counts["restored_pixels"] = sum(restored)
        if counts["restored_pixels"]:
            log.info("%s %s %s: %d pixels outside of regions were put back", dataset, split, variant, sum(restored))
    head = {"dataset": dataset, "split": split, "variant": variant}
    write_json(manifest, head | made | {"images": entries, "counts": counts})


def _make_folders(root: Path, images: list[dict[str, Any]]) -> None:
    for folder in {PurePosixPath(image["file_name"]).parent for image in images}:
        (root / folder).mkdir(parents=True, exist_ok=True)


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise UserError(f"The image {path} is missing.", "Delete the folder that holds it and run again.") from None


def jobs_of(images: list[dict[str, Any]], source: Path, target: Path, seed: int) -> list[Job]:
    """One job for each image of a list, from the folder ``source`` to ``target``."""
    return [
        Job(
            source=source / image["file_name"],
            target=target / image["file_name"],
            file_name=image["file_name"],
            sha256=image["sha256"],
            size=(image["width"], image["height"]),
            records=image["regions"],
            seed=seed,
        )
        for image in images
    ]


def write_image(job: Job, anonymizer: Anonymizer) -> dict[str, Any]:
    """Write one image; its manifest entry.

    Raises
    ------
    UserError
        If the source is missing, unreadable, or not the one that was annotated.
    """
    return _store(job, anonymizer.anonymize_file(job.file_name, *_load(job)))


class Work(NamedTuple):
    """What an anonymizer is given of one image."""

    image: np.ndarray
    regions: list[Region]
    rng: np.random.Generator


def _load(job: Job) -> Work:
    return decode_work(read_verified(job.source, job.sha256), job)


def decode_work(data: bytes, job: Job) -> Work:
    """An encoded image and its regions, decoded."""
    image = decode(data, str(job.source))
    if (image.shape[1], image.shape[0]) != job.size:
        raise UserError(
            f"The image {job.source} has {image.shape[1]} x {image.shape[0]} px, its annotations say "
            f"{job.size[0]} x {job.size[1]}.",
            "Delete the folder that holds it and run the workflow again.",
        )
    name_hash = int.from_bytes(bytes.fromhex(sha256_of(job.file_name.encode()))[:8], "big")
    rng = np.random.default_rng([job.seed, name_hash])
    return Work(image, [decode_region(record) for record in job.records], rng)


def _store(job: Job, result: Anonymized) -> dict[str, Any]:
    encoded = encode(result.image, job.target.suffix)
    job.target.write_bytes(encoded)
    return {
        "file_name": job.file_name,
        "sha256": sha256_of(encoded),
        "regions": len(job.records),
        "fallbacks": dict(sorted(result.fallbacks.items())),
    } | ({} if result.restored is None else {"restored_pixels": result.restored})


def write_jobs(jobs: list[Job], anonymizer: Anonymizer, workers: int) -> Iterator[dict[str, Any]]:
    """Results in the order of the jobs, from this process or from a pool; OpenCV uses one thread a process."""
    if anonymizer.together > 1:
        yield from _run_together(jobs, anonymizer, workers)
        return
    if workers <= 1 or len(jobs) <= 1:
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        try:
            for job in jobs:
                yield write_image(job, anonymizer)
        finally:
            cv2.setNumThreads(threads)
        return
    chunk = max(1, min(32, len(jobs) // (4 * workers)))
    with ProcessPoolExecutor(workers, initializer=_start_worker, initargs=(anonymizer,)) as pool:
        try:
            yield from pool.map(_work, jobs, chunksize=chunk)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _run_together(jobs: list[Job], anonymizer: Anonymizer, workers: int) -> Iterator[dict[str, Any]]:
    """As :func:`write_jobs`, for a method that works on several images at once.

    It runs in this process while threads decode the next images and encode the last ones. Which images are together
    depends on their order only.
    """
    with ThreadPoolExecutor(max(1, workers)) as pool:
        size = anonymizer.together
        groups = [jobs[i : i + size] for i in range(0, len(jobs), size)]
        ahead = [pool.submit(_load, job) for job in jobs[:size]]
        stored: list[Future] = []
        try:
            for number, group in enumerate(groups):
                loaded = [future.result() for future in ahead]
                following = groups[number + 1] if number + 1 < len(groups) else []
                ahead = [pool.submit(_load, job) for job in following]
                images = anonymizer.anonymize_all(loaded)
                for future in stored:
                    yield future.result()
                stored = [pool.submit(_store, job, image) for job, image in zip(group, images, strict=True)]
            for future in stored:
                yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


_anonymizer: Anonymizer | None = None


def _start_worker(anonymizer: Anonymizer) -> None:
    global _anonymizer
    _anonymizer = anonymizer
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A pool's workers outlive a killed parent and would go on writing."""
    multiprocessing.parent_process().join()
    os._exit(1)


def _work(job: Job) -> dict[str, Any]:
    return write_image(job, _anonymizer)
