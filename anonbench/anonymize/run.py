"""All images of a job, in this process, in a pool of processes, or in groups beside threads that read and write."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor

import cv2

from anonbench.anonymize.frame import Anonymized, Task, anonymize_together
from anonbench.anonymize.jobs import Job, load, store
from anonbench.anonymize.manifest import Entry
from anonbench.anonymize.method import Method
from anonbench.common.processes import end_with_pool


def write_jobs(jobs: list[Job], method: Method, workers: int) -> Iterator[Entry]:
    """Anonymize and write the images; their manifest entries, in the order of the jobs.

    Parameters
    ----------
    jobs
        The images.
    method
        Prepared and started.
    workers
        Processes, with one thread of OpenCV each; for a method that works on several images at once, threads that
        decode and encode beside it. The result does not depend on it.

    Raises
    ------
    UserError
        If an image is missing, unreadable, or not the one that was annotated.
    """
    if method.together > 1:
        yield from _in_groups(jobs, method, workers)
    elif workers <= 1 or len(jobs) <= 1:
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        try:
            for job in jobs:
                yield write_image(job, method)
        finally:
            cv2.setNumThreads(threads)
    else:
        chunk = max(1, min(32, len(jobs) // (4 * workers)))
        with ProcessPoolExecutor(workers, initializer=_start_worker, initargs=(method,)) as pool:
            try:
                yield from pool.map(_work, jobs, chunksize=chunk)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)


def write_image(job: Job, method: Method) -> Entry:
    """Anonymize and write one image; its manifest entry."""
    return _stored(job, anonymize_together(method, [_task(job, method)])[0])


def _task(job: Job, method: Method) -> Task:
    image = load(job)
    return Task(image, job.regions(), job.rng(), method.made(job.file_name, image.shape[:2]))


def _stored(job: Job, result: Anonymized) -> Entry:
    return store(job, result.image, result.fallbacks, result.restored)


def _in_groups(jobs: list[Job], method: Method, workers: int) -> Iterator[Entry]:
    """The method runs in this process while threads decode the next images and encode the last ones.

    Which images are together depends on their order only.
    """
    with ThreadPoolExecutor(max(1, workers)) as pool:
        size = method.together
        groups = [jobs[i : i + size] for i in range(0, len(jobs), size)]
        ahead = [pool.submit(_task, job, method) for job in jobs[:size]]
        stored: list[Future] = []
        try:
            for number, group in enumerate(groups):
                tasks = [future.result() for future in ahead]
                following = groups[number + 1] if number + 1 < len(groups) else []
                ahead = [pool.submit(_task, job, method) for job in following]
                images = anonymize_together(method, tasks)
                for future in stored:
                    yield future.result()
                stored = [pool.submit(_stored, job, image) for job, image in zip(group, images, strict=True)]
            for future in stored:
                yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


_method: Method | None = None


def _start_worker(method: Method) -> None:
    global _method
    _method = method
    cv2.setNumThreads(1)
    end_with_pool()


def _work(job: Job) -> Entry:
    return write_image(job, _method)
