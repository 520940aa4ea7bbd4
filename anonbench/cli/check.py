"""The command ``anonbench check``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from anonbench.cli.options import FAILED, People, stop
from anonbench.common.errors import UserError


def check(
    annotations: Annotated[Path, typer.Argument(metavar="DATA.json", help="A COCO file.")],
    images: Annotated[Path, typer.Argument(metavar="IMAGES", help="The folder of its images.")],
    people: People = None,
    detect: Annotated[
        bool, typer.Option("--detect/--no-detect", help="Let detectors look for unannotated people and faces.")
    ] = True,
    out: Annotated[Path | None, typer.Option(help="Write the report into this Markdown file as well.")] = None,
) -> None:
    """Say what is wrong with a dataset, and who in it would stay visible, before it is used.

    Reads every image and annotation as a study would, and lets detectors look for people and faces beside the annotated
    ones.

    Exits with 0 if nobody would be left visible, 1 if somebody would or if something stops a study, and 2 if nothing
    could be read.
    """
    from anonbench.cli.inspection import inspect, report
    from anonbench.cli.own import own_dataset
    from anonbench.common.files import write_text

    try:
        if not images.is_dir():
            raise UserError(f"{images} is not a folder.", "Name the folder of the images.")
        entry = own_dataset({"val": (images, annotations)}, people or [])
        finder = None
        if detect:
            from anonbench.datasets import strangers
            from anonbench.detect.nanodet import NanoDet

            finder = NanoDet(strangers.CONFIDENT)
        with tempfile.TemporaryDirectory(prefix="anonbench-") as folder:
            found = inspect(entry, "val", Path(folder), finder)
        text = report(found, str(annotations))
        if out is not None:
            write_text(out, text)
    except UserError as error:
        stop(error)
    typer.echo(text)
    raise typer.Exit(0 if found.is_safe else FAILED)
