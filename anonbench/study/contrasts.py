"""The models of a study whose differences the report shows, image by image."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from anonbench.common.records import read_record
from anonbench.evaluate.contrasts.record import CellContrast
from anonbench.report.contrasts import Contrast, Share, contrast
from anonbench.study.jobs import Study
from anonbench.study.shown import contrast_files


def contrasts(study: Study, hidden: Collection[str]) -> list[Contrast]:
    """The images on which each variant's model and the originals' differ most, of the models that are compared.

    Sorted by dataset, model, task and variant.

    Raises
    ------
    UserError
        If a file that is there is damaged, or an image is.
    """
    records = [read_record(CellContrast, path) for path in contrast_files(study, hidden) if path.is_file()]
    share = Share.of(sum(len(record.tasks) for record in records))
    found = [
        contrast(
            record,
            task,
            study.formats[record.dataset].RENDERED,
            Path("resources/datasets", record.dataset, "images/val"),
            share,
        )
        for record in records
        for task in record.tasks
    ]
    return sorted(found, key=lambda one: (one.dataset, one.model, one.task))
