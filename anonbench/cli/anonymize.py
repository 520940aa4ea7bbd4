"""The command ``anonbench anonymize``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from anonbench.cli.options import FAILED, Annotations, People, RegionOption, Threshold, default_workers, stop
from anonbench.common.errors import UserError

SHOWN = 200  # photographs on a sheet


def anonymize(
    place: Annotated[Path, typer.Argument(metavar="IN", help="A photograph, a folder, or a .txt list of photographs.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write into; names below it stay the same.")],
    region: Annotated[RegionOption, typer.Option(help="What to hide.")] = RegionOption.face,
    method: Annotated[
        str, typer.Option(help="blur, pixelate, mask_out, inpaint, gan, or one of your configuration.")
    ] = "blur",
    level: Annotated[str, typer.Option(help="How much: low, medium, high, or one of your configuration.")] = "medium",
    annotations: Annotations = None,
    people: People = None,
    threshold: Threshold = None,
    generator: Annotated[
        list[Path] | None, typer.Option(help="For gan: a generator.safetensors that the workflow has trained.")
    ] = None,
    device: Annotated[str, typer.Option(help="For gan: auto, cpu or cuda.")] = "auto",
    seed: Annotated[int, typer.Option(min=0, help="Decides everything random.")] = 0,
    quality: Annotated[int, typer.Option(min=1, max=100, help="Of written JPEGs.")] = 95,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; one per CPU unless it is set.")] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help=f"Only show what is found, in OUT-found.jpg; at most {SHOWN} photographs."),
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what OUT holds.")] = False,
) -> None:
    """Hide the faces or bodies in photographs.

    Every photograph is found in OUT under its own name, upright and without metadata, and OUT/anonbench.jsonl says what
    was hidden in it. A region that the method cannot process is filled black. A photograph that cannot be read, or that
    the annotations do not list, is not written. The same command goes on where it was interrupted; OUT is never
    overwritten without being asked.

    Exits with 0 if every photograph was written, 1 if some were not, and 2 if nothing could be done.
    """
    from anonbench.cli.batch import run
    from anonbench.cli.journal import clear
    from anonbench.cli.request import Request, prepared

    request = Request(
        place=place,
        out=out,
        region=region.value,
        method=method,
        level=level,
        annotations=annotations,
        people=tuple(people or ()),
        threshold=threshold,
        generators=tuple(generator or ()),
        device=device,
        seed=seed,
        quality=quality,
    )
    try:
        with tempfile.TemporaryDirectory(prefix="anonbench-") as folder:
            work, listed = prepared(request, Path(folder))
            if dry_run:
                _show(work, listed[:SHOWN])
                return
            if overwrite:
                clear(out)
            tally = run(work, listed, 1 if work.generators else workers or default_workers())
    except UserError as error:
        stop(error)
    _tell(tally, out, region.value)
    unlisted = _unlisted(place, {one.name for one in listed}) if annotations else []
    if unlisted:
        shown = ", ".join(unlisted[:20]) + ", ..." * (len(unlisted) > 20)
        typer.echo(f"Not written, as {annotations} does not list them: {len(unlisted)} photographs: {shown}", err=True)
    raise typer.Exit(FAILED if tally.failed or unlisted else 0)


def _unlisted(folder: Path, listed: set[str]) -> list[str]:
    """The photographs of a folder that are not among those with these names."""
    from anonbench.cli.photographs import photographs

    return [one.name for one in photographs(folder) if one.name not in listed]


def _show(work, listed) -> None:
    import numpy as np
    from tqdm import tqdm

    from anonbench.cli.photographs import read_photograph
    from anonbench.cli.sheets import captioned, grid, outlined
    from anonbench.common.files import write_bytes
    from anonbench.common.images import encode

    work.finder.open()
    tiles, total = [], 0
    for one in tqdm(listed, desc=work.settings.region, unit="image"):
        try:
            image = read_photograph(one.source).pixels
        except UserError as error:
            tiles.append(captioned(np.full((240, 320, 3), 255, np.uint8), f"cannot be read: {one.name}"))
            typer.echo(str(error), err=True)
            continue
        hits = work.finder(one.name, image)
        total += len(hits)
        boxes = [(hit.region.box, hit.region.source) for hit in hits if np.isfinite(hit.region.box).all()]
        tiles.append(captioned(outlined(image, boxes, 320, 240), f"{len(hits)} - {one.name}"))
    # Beside OUT, since it shows what must not be shown.
    path = work.out.with_name(f"{work.out.name}-found.jpg")
    write_bytes(path, encode(grid(tiles, 4), ".jpg", 85))
    typer.echo(f"{total} regions in {len(listed)} photographs: {path}")


def _tell(tally, out: Path, region: str) -> None:
    parts = [f"{tally.written} photographs written to {out}"]
    if tally.before:
        parts.append(f"{tally.before} were there already")
    parts.append(f"{tally.regions} {'faces' if region == 'face' else 'bodies'} hidden")
    if tally.without:
        parts.append(f"{tally.without} photographs without any")
    parts += [f"{count} filled black ({reason})" for reason, count in sorted(tally.masked_out.items())]
    typer.echo("; ".join(parts) + ".")
    for one in tally.failed[:20]:
        typer.echo(f"Not written: {one.name}: {one.problem}", err=True)
    if len(tally.failed) > 20:
        typer.echo(f"and {len(tally.failed) - 20} more: see {out}/anonbench.jsonl", err=True)
