"""Anonymizes photographs over all cores; each appears as a whole or not at all, and whoever is not hidden stays out."""

from __future__ import annotations

import math
import multiprocessing
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from anonbench.anonymize.frame import anonymize
from anonbench.anonymize.jobs import rng_of
from anonbench.anonymize.method import Method
from anonbench.cli.finders import Finder, Hit
from anonbench.cli.journal import Done, Failed, Found, Journal, Settings
from anonbench.cli.photographs import Photograph, read_photograph
from anonbench.common.errors import UserError
from anonbench.common.files import sha256_file, sha256_of, write_bytes
from anonbench.common.images import encode
from anonbench.common.processes import end_with_pool
from anonbench.config.plugins import METHODS


@dataclass(frozen=True)
class Work:
    """What is done to every photograph.

    Parameters
    ----------
    settings
        As the journal keeps them.
    finder
        Where faces or bodies are.
    plugin, generators, device
        The method's plug-in, and for a learned one its generators' files and where they compute.
    out
        The folder to write into.
    """

    settings: Settings
    finder: Finder
    plugin: str
    out: Path
    generators: tuple[Path, ...] = ()
    device: str = "auto"

    def method(self) -> Method:
        """The method, ready to fill."""
        method = METHODS.create(self.plugin, self.settings.config)
        method.prepare(self.generators, self.device)
        method.expect(self.finder.keypoint_names)
        return method


@dataclass
class Tally:
    """What came of a run: photographs by what happened, regions and mask-outs, and what failed."""

    before: int = 0
    written: int = 0
    without: int = 0
    regions: int = 0
    masked_out: Counter[str] = field(default_factory=Counter)
    failed: list[Failed] = field(default_factory=list)

    def add(self, one: Done | Failed) -> None:
        """Count one photograph."""
        if isinstance(one, Failed):
            self.failed.append(one)
            return
        self.written += 1
        self.without += not one.regions
        self.regions += len(one.regions)
        self.masked_out.update(one.masked_out)


def run(work: Work, listed: Sequence[Photograph], workers: int) -> Tally:
    """Anonymize photographs that the journal does not have yet.

    Parameters
    ----------
    work
        What to do.
    listed
        The photographs.
    workers
        Processes.

    Raises
    ------
    UserError
        If the output folder holds something else.
    """
    journal = Journal(work.out, work.settings)
    waiting = [
        one
        for one in tqdm(listed, desc="check", unit="image", leave=False)
        if not journal.is_done(one.name, one.source)
    ]
    tally = Tally(before=len(listed) - len(waiting))
    with journal.writing() as record:
        bar = tqdm(_results(work, waiting, workers), total=len(waiting), desc=work.settings.region, unit="image")
        for one in bar:
            record(one)
            tally.add(one)
    return tally


def _results(work: Work, waiting: Sequence[Photograph], workers: int) -> Iterator[Done | Failed]:
    """What came of each photograph, in the order in which they end."""
    if workers <= 1 or len(waiting) <= 1:
        _start(work, threads=0)
        yield from map(_treat, waiting)
        return
    context = multiprocessing.get_context("spawn")  # neither OpenCV's nor torch's threads survive a fork
    with ProcessPoolExecutor(min(workers, len(waiting)), context, _start_worker, (work,)) as pool:
        try:
            # No more than a few ahead: an interrupted run then ends at once.
            queue = iter(waiting)
            running = {pool.submit(_treat, one) for one in islice(queue, 4 * workers)}
            while running:
                done = next(as_completed(running))
                running.discard(done)
                if (following := next(queue, None)) is not None:
                    running.add(pool.submit(_treat, following))
                yield done.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


_work: Work | None = None
_method: Method | None = None


def _start_worker(work: Work) -> None:
    end_with_pool()
    _start(work, threads=1)


def _start(work: Work, threads: int) -> None:
    global _work, _method
    if threads:
        cv2.setNumThreads(threads)
    _work, _method = work, work.method()
    work.finder.open()


def _treat(photograph: Photograph) -> Done | Failed:
    try:
        return treat(photograph, _work, _method)
    except UserError as error:
        return Failed(name=photograph.name, problem=str(error))
    except (OSError, MemoryError, cv2.error) as error:
        return Failed(name=photograph.name, problem=f"{type(error).__name__}: {error}")


def treat(photograph: Photograph, work: Work, method: Method) -> Done:
    """Read, find, anonymize and write one photograph.

    Raises
    ------
    UserError
        If it cannot be read, or if not one pixel of a region changed. Nothing is written then.
    """
    picture = read_photograph(photograph.source)
    image = picture.pixels
    hits = work.finder(photograph.name, image)
    rng = rng_of(photograph.name, work.settings.seed)
    result = anonymize(method, image, [hit.region for hit in hits], rng)
    if result.left:
        raise UserError(
            f"{photograph.source} would still show {result.left} regions as they were.",
            "It is not written; look at it.",
        )
    suffix = Path(photograph.target).suffix
    # Whoever has nobody to hide keeps the pixels as they were coded.
    untouched = not hits and Path(picture.file_name).suffix.lower() == suffix.lower()
    data = picture.data if untouched else encode(result.image, suffix, work.settings.quality)
    write_bytes(work.out / photograph.target, data)
    return Done(
        name=photograph.name,
        target=photograph.target,
        sha256=sha256_file(photograph.source),
        target_sha256=sha256_of(data),
        width=image.shape[1],
        height=image.shape[0],
        regions=[_found(hit) for hit in hits],
        masked_out={reason: count for reason, count in sorted(result.fallbacks.items()) if reason != "outside"},
        shares=result.written_shares(),
    )


def _found(hit: Hit) -> Found:
    x1, y1, x2, y2 = np.asarray(hit.region.box, float).round(2).tolist()
    box = (x1, y1, round(x2 - x1, 2), round(y2 - y1, 2))
    known = all(map(math.isfinite, box))
    return Found(box=box if known else None, source=hit.region.source, score=hit.score and round(hit.score, 4))
