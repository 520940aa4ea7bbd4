"""The command ``anonbench init``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from anonbench.cli.options import People, stop
from anonbench.common.errors import UserError


def init(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The study's folder, to be made.")],
    train: Annotated[Path, typer.Option(help="The COCO file of the training images.")],
    train_images: Annotated[Path, typer.Option(help="The folder of the training images.")],
    val: Annotated[Path, typer.Option(help="The COCO file of the validation images.")],
    val_images: Annotated[Path, typer.Option(help="The folder of the validation images.")],
    name: Annotated[str, typer.Option(help="What the dataset is called in results.")] = "own",
    people: People = None,
) -> None:
    """Begin a study of one's own data: a folder with a commented configuration, filled in from COCO files."""
    from anonbench.cli.study import write_study
    from anonbench.common.root import ROOT

    try:
        path = write_study(folder, name, {"train": (train_images, train), "val": (val_images, val)}, people or [])
    except UserError as error:
        stop(error)
    place = f"--snakefile {os.path.relpath(ROOT / 'Snakefile')} --directory {folder}"
    typer.echo(f"{path} is written. Read it, then run:\n")
    typer.echo(f"    snakemake {place} --cores {os.cpu_count()} results/summary.csv --configfile {path}")
