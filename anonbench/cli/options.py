"""What several commands ask for, and how they end."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from anonbench.common.errors import UserError

FAILED = 1  # exit code: done, but not for every photograph
MISUSED = 2  # exit code: nothing was done


class RegionOption(StrEnum):
    """What is hidden."""

    face = "face"
    body = "body"


def default_workers() -> int:
    """The CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def stop(error: UserError) -> NoReturn:
    """Print an error for people and exit with :data:`MISUSED`."""
    typer.echo(f"Error: {error}", err=True)
    raise typer.Exit(MISUSED)


Annotations = Annotated[
    Path | None,
    typer.Option("--annotations", help="A COCO JSON of the photographs; its people are hidden, not detected ones."),
]
Threshold = Annotated[
    float | None, typer.Option(min=0, max=1, help="How sure the detector must be; less finds more, also what is none.")
]
People = Annotated[
    list[str] | None,
    typer.Option("--people", help="A category that is a person; may be repeated. Guessed by its name if not set."),
]
