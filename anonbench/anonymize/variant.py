"""Write one variant of a split: every image anonymized or linked, then the manifest."""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import cv2
import numpy as np
from tqdm import tqdm

from anonbench.anonymize.base import Anonymizer
from anonbench.anonymize.folders import link, replacing
from anonbench.anonymize.frame import Anonymized
from anonbench.anonymize.registry import create
from anonbench.errors import UserError
from anonbench.files import read_json, require_space, sha256_of, write_json
from anonbench.images import decode, encode, strip_metadata
from anonbench.records import Region
from anonbench.regions.files import decode_region, read_regions

# Bytes a pixel of an encoded image at most: JPEG at quality 100 with full chroma, or PNG, of noisy photographs.
BYTES_PER_PIXEL = 3

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """One image to write: where from, where to, what the annotations say of it, and its region records."""

    source: Path
    target: Path
    final: Path
    file_name: str
    sha256: str
    size: tuple[int, int]
    records: list[dict[str, Any]]
    seed: int


def jobs_of(
    images: list[dict[str, Any]],
    records: dict[str, list[dict[str, Any]]],
    source: Path,
    target: Path,
    final: Path,
    seed: int,
) -> list[Job]:
    """One job for each annotated image: from the folder ``source`` to ``target``, which will be called ``final``."""
    return [
        Job(
            source=source / image["file_name"],
            target=target / image["file_name"],
            final=final / image["file_name"],
            file_name=image["file_name"],
            sha256=image["sha256"],
            size=(image["width"], image["height"]),
            records=records.get(image["file_name"], []),
            seed=seed,
        )
        for image in images
    ]


def write_variant(
    *,
    annotations: Path,
    regions: Path | None,
    images_dir: Path,
    out_dir: Path,
    manifest: Path,
    dataset: str,
    split: str,
    variant: str,
    method: str | None,
    params: dict[str, Any],
    seed: int,
    workers: int,
    generator: Path | None = None,
    device: str = "auto",
) -> None:
    """Write a variant's images into ``out_dir`` and, last, its manifest.

    The images keep their relative file names and their sizes, so that the annotations hold for every variant. An image
    without regions is linked (hard, else symbolic, else copied), the others are encoded anew. Everything is written
    into a folder beside ``out_dir`` that replaces it as a whole. The result does not depend on ``workers``.

    Parameters
    ----------
    annotations
        COCO JSON of the split, with the SHA-256 of every image.
    regions
        Region file of the split; None for the variant ``original``.
    images_dir
        Folder of the split's images.
    out_dir, manifest
        What is written; the manifest may stand inside ``out_dir``.
    dataset, split, variant
        Names for the manifest; dataset and split must be those of the region file.
    method, params
        Anonymization method and its parameters; None and {} for the variant ``original``.
    seed
        Base of the images' random generators, each of which depends on ``seed`` and the file name only.
    workers
        Number of processes, or of threads where a method works on several images at once.
    generator, device
        For a learned method, its generator's file, and where it computes.

    Raises
    ------
    UserError
        If an image is missing, changed or unreadable, if the regions are those of another split or lack an image, if
        the method or a parameter is unknown, or if the disk is too small. Nothing is written then.
    """
    out_dir, manifest, images_dir = Path(out_dir), Path(manifest), Path(images_dir)
    if (method is None) != (regions is None):
        raise ValueError("a method needs regions, and regions need a method")
    anonymizer = None if method is None else create(method, params, generator, device)
    images = _images(annotations)
    records = {} if regions is None else _records(regions, annotations, images, dataset, split)
    pixels = sum(image["width"] * image["height"] for image in images if records.get(image["file_name"]))
    require_space(out_dir, BYTES_PER_PIXEL * pixels, f"The variant {variant} of {dataset} {split}")

    with replacing(out_dir) as partial:
        jobs = jobs_of(images, records, images_dir, partial, out_dir, seed)
        for folder in {job.target.parent for job in jobs}:
            folder.mkdir(parents=True, exist_ok=True)
        entries, linked = [], 0
        for entry, was_linked in tqdm(
            write_jobs(jobs, anonymizer, workers), total=len(jobs), desc=f"{dataset} {split} {variant}", unit="image"
        ):
            entries.append(entry)
            linked += was_linked
        # Never a manifest beside images that it does not describe.
        manifest.unlink(missing_ok=True)
    fallbacks = sum((Counter(entry["fallbacks"]) for entry in entries), Counter())
    if fallbacks:
        listed = ", ".join(f"{reason}: {count}" for reason, count in sorted(fallbacks.items()))
        log.warning("%s %s %s: regions that fell back to a mask-out: %s", dataset, split, variant, listed)
    counts = {
        "images": len(entries),
        "linked": linked,
        "regions": sum(entry["regions"] for entry in entries),
        "fallbacks": dict(sorted(fallbacks.items())),
    }
    write_json(
        manifest,
        {
            "dataset": dataset,
            "split": split,
            "variant": variant,
            "method": method,
            "params": params,
            "seed": seed,
            "images": entries,
            "counts": counts,
        },
    )


def write_image(job: Job, anonymizer: Anonymizer | None) -> tuple[dict[str, Any], bool]:
    """Write one image; its manifest entry, and whether it is a link.

    Raises
    ------
    UserError
        If the source is missing, unreadable, or not the one that was annotated.
    """
    loaded = _load(job)
    if not isinstance(loaded, Work):
        return loaded
    return _store(job, anonymizer.anonymize(*loaded))


class Work(NamedTuple):
    """What an anonymizer is given of one image."""

    image: np.ndarray
    regions: list[Region]
    rng: np.random.Generator


def _load(job: Job) -> Work | tuple[dict[str, Any], bool]:
    """What there is to do on an image; or, where nothing is, the image written, its entry and whether it is a link."""
    try:
        data = job.source.read_bytes()
    except OSError as error:
        raise UserError(
            f"The image {job.source} cannot be read ({error.strerror}).", "Delete the dataset's folder and run again."
        ) from None
    if sha256_of(data) != job.sha256:
        raise UserError(
            f"The image {job.source} is not the one that was annotated: its SHA-256 differs.",
            "Delete the dataset's folder and run the workflow again.",
        )
    if job.records:
        return decode_work(data, job)
    # The common form has no metadata. Should this file have some, it must not get through as a link.
    clean = strip_metadata(data, str(job.source))
    if clean == data:
        link(job.source, job.target, job.final)
        return _entry(job, job.sha256, Counter()), True
    job.target.write_bytes(clean)
    return _entry(job, sha256_of(clean), Counter()), False


def decode_work(data: bytes, job: Job) -> Work:
    """An encoded image and its regions, decoded."""
    image = decode(data, str(job.source))
    if (image.shape[1], image.shape[0]) != job.size:
        raise UserError(
            f"The image {job.source} has {image.shape[1]} x {image.shape[0]} px, its annotations say "
            f"{job.size[0]} x {job.size[1]}.",
            "Delete the dataset's folder and run the workflow again.",
        )
    name_hash = int.from_bytes(bytes.fromhex(sha256_of(job.file_name.encode()))[:8], "big")
    rng = np.random.default_rng([job.seed, name_hash])
    return Work(image, [decode_region(record) for record in job.records], rng)


def _store(job: Job, result: Anonymized) -> tuple[dict[str, Any], bool]:
    encoded = encode(result.image, job.target.suffix)
    job.target.write_bytes(encoded)
    return _entry(job, sha256_of(encoded), result.fallbacks), False


def _entry(job: Job, sha256: str, fallbacks: Counter[str]) -> dict[str, Any]:
    return {
        "file_name": job.file_name,
        "sha256": sha256,
        "regions": len(job.records),
        "fallbacks": dict(sorted(fallbacks.items())),
    }


def _images(annotations: Path) -> list[dict[str, Any]]:
    """The images of the annotation file, their names checked: nothing may be read or written outside the folders."""
    images = read_json(annotations).get("images", [])
    if not images:
        raise UserError(f"{annotations} lists no images.", "Check the split's annotation file.")
    seen = set()
    for image in images:
        name = str(image["file_name"])
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or path.name in ("", "."):
            raise UserError(
                f"{annotations} names the image {name!r}, which is not a path below the image folder.",
                "Use relative names without '..'.",
            )
        if path in seen:
            raise UserError(f"{annotations} names the image {name!r} twice.", "Give every image one entry.")
        seen.add(path)
    return images


def _records(
    regions: Path, annotations: Path, images: list[dict[str, Any]], dataset: str, split: str
) -> dict[str, list[dict[str, Any]]]:
    """The region records of every image by file name; the region file has to know exactly the annotated images."""
    mend = "Delete the region file and run the workflow again."
    value = read_regions(regions)
    if (value["dataset"], value["split"]) != (dataset, split):
        raise UserError(
            f"{regions} holds the regions of {value['dataset']} {value['split']}, not of {dataset} {split}.", mend
        )
    found = {image["file_name"]: image for image in value["images"]}
    for image in images:
        known = found.get(image["file_name"])
        if known is None:
            raise UserError(f"{regions} lacks the image {image['file_name']!r} of {annotations}.", mend)
        if (known["image_id"], known["width"], known["height"]) != (image["id"], image["width"], image["height"]):
            raise UserError(f"{regions} describes another {image['file_name']!r} than {annotations}.", mend)
    if len(value["images"]) != len(images):
        raise UserError(f"{regions} lists {len(value['images'])} images, {annotations} {len(images)}.", mend)
    return {name: image["regions"] for name, image in found.items()}


def write_jobs(
    jobs: list[Job], anonymizer: Anonymizer | None, workers: int
) -> Iterator[tuple[dict[str, Any], bool]]:
    """Results in the order of the jobs, from this process or from a pool; OpenCV uses one thread a process."""
    if anonymizer is not None and anonymizer.together > 1:
        yield from _run_together(jobs, anonymizer, workers)
        return
    if workers <= 1 or len(jobs) == 1:
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


def _run_together(
    jobs: list[Job], anonymizer: Anonymizer, workers: int
) -> Iterator[tuple[dict[str, Any], bool]]:
    """As :func:`write_jobs`, for a method that works on several images at once.

    It runs in this process while threads decode the next images and encode the last ones. Which images are together
    depends on their order only.
    """
    with ThreadPoolExecutor(max(1, workers)) as pool:
        size = anonymizer.together
        groups = [jobs[i : i + size] for i in range(0, len(jobs), size)]
        ahead = [pool.submit(_load, job) for job in groups[0]]
        stored: list[Future] = []
        try:
            for number, group in enumerate(groups):
                loaded = [future.result() for future in ahead]
                following = groups[number + 1] if number + 1 < len(groups) else []
                ahead = [pool.submit(_load, job) for job in following]
                images = iter(anonymizer.anonymize_all([item for item in loaded if isinstance(item, Work)]))
                for future in stored:
                    yield future.result()
                stored = [
                    pool.submit(_store, job, next(images)) if isinstance(item, Work) else _settled(item)
                    for job, item in zip(group, loaded, strict=True)
                ]
            for future in stored:
                yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _settled(value: Any) -> Future:
    future: Future = Future()
    future.set_result(value)
    return future


_anonymizer: Anonymizer | None = None


def _start_worker(anonymizer: Anonymizer | None) -> None:
    global _anonymizer
    _anonymizer = anonymizer
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A pool's workers outlive a killed parent and would go on writing."""
    multiprocessing.parent_process().join()
    os._exit(1)


def _work(job: Job) -> tuple[dict[str, Any], bool]:
    return write_image(job, _anonymizer)
