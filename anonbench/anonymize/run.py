"""All images of a job, in this process, in a pool of processes, or in groups beside threads that code."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import cv2

from anonbench.anonymize.frame import Anonymized, Task, anonymize_together
from anonbench.anonymize.jobs import Done, Job, load
from anonbench.anonymize.method import Method
from anonbench.common.processes import end_with_pool
from anonbench.variants.edits import cut
from anonbench.variants.entry import Dropped, Entry


def run_jobs(jobs: list[Job], method: Method, workers: int) -> Iterator[Done]:
    """Anonymize the images; what became of them, in the order of the jobs.

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
                yield run_job(job, method)
        finally:
            cv2.setNumThreads(threads)
    else:
        chunk = max(1, min(32, len(jobs) // (4 * workers)))
        with ProcessPoolExecutor(workers, initializer=_start_worker, initargs=(method,)) as pool:
            try:
                yield from pool.map(_work, jobs, chunksize=chunk)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)


def run_job(job: Job, method: Method) -> Done:
    """Anonymize one image, or leave it out."""
    if method.drops == "images" and job.records:
        return Done(_entry(job, dropped=Dropped(image=True)), None)
    task = _task(job, method)
    return _done(job, method, task, anonymize_together(method, [task])[0])


def _task(job: Job, method: Method) -> Task:
    image = load(job)
    return Task(image, job.regions(), job.rng(), method.made(job.file_name, image.shape[:2]))


def _done(job: Job, method: Method, task: Task, result: Anonymized) -> Done:
    """What to keep of an image that was anonymized."""
    edit, data = cut(task.image, result.image) or (None, None)
    removed = sorted({record.annotation_id for record in job.records} - {None}) if method.drops == "labels" else []
    entry = _entry(
        job,
        left_on_purpose=job.left_on_purpose,
        fallbacks=dict(sorted(result.fallbacks.items())),
        shares=result.written_shares(),
        left=result.left,
        restored_pixels=result.restored,
        edit=edit,
        dropped=Dropped(labels=removed) if removed else None,
    )
    return Done(entry, data)


def _entry(job: Job, **what: Any) -> Entry:
    regions = len(job.records) + (job.left_on_purpose or 0)
    return Entry(file_name=job.file_name, sha256=job.sha256, regions=regions, **what)


def _in_groups(jobs: list[Job], method: Method, workers: int) -> Iterator[Done]:
    """The method runs in this process while threads decode the next images and encode the last ones.

    Which images are together depends on their order only.
    """
    with ThreadPoolExecutor(max(1, workers)) as pool:
        size = method.together
        groups = [jobs[i : i + size] for i in range(0, len(jobs), size)]
        ahead = [pool.submit(_task, job, method) for job in jobs[:size]]
        coded: list[Future] = []
        try:
            for number, group in enumerate(groups):
                tasks = [future.result() for future in ahead]
                following = groups[number + 1] if number + 1 < len(groups) else []
                ahead = [pool.submit(_task, job, method) for job in following]
                images = anonymize_together(method, tasks)
                for future in coded:
                    yield future.result()
                coded = [pool.submit(_done, job, method, *one) for job, *one in zip(group, tasks, images, strict=True)]
            for future in coded:
                yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


_method: Method | None = None


def _start_worker(method: Method) -> None:
    global _method
    _method = method
    cv2.setNumThreads(1)
    end_with_pool()


def _work(job: Job) -> Done:
    return run_job(job, _method)
