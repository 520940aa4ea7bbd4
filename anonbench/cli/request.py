"""What a user asks ``anonbench anonymize`` for, made ready."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from anonbench import __version__
from anonbench.cli.batch import Work
from anonbench.cli.finders import detected
from anonbench.cli.given import given
from anonbench.cli.journal import Settings
from anonbench.cli.methods import chosen
from anonbench.cli.photographs import Photograph, photographs
from anonbench.common.errors import UserError
from anonbench.config.types import Region


@dataclass(frozen=True)
class Request:
    """The command's arguments and options, by their names there."""

    place: Path
    out: Path
    region: Region
    method: str
    level: str
    annotations: Path | None
    people: tuple[str, ...]
    threshold: float | None
    generators: tuple[Path, ...]
    device: str
    seed: int
    quality: int


def prepared(request: Request, folder: Path) -> tuple[Work, list[Photograph]]:
    """The work and the photographs that a request is about.

    Parameters
    ----------
    request
        What is asked for.
    folder
        Where annotated photographs are converted to.

    Raises
    ------
    UserError
        If there is no such place, method or level, if the output would lie among the photographs, or if the annotations
        cannot be used.
    """
    place, region = request.place, request.region
    config, plugin, params = chosen(request.method, request.level, region, bool(request.generators))
    if place.resolve() in (request.out.resolve(), *request.out.resolve().parents):
        raise UserError(
            f"{request.out} lies in {place}, whose photographs it would mix with.", "Name a folder elsewhere."
        )
    if request.annotations is None:
        landmarks = bool(request.generators)
        listed, finder = photographs(place), detected(region, config.regions.face, request.threshold, landmarks)
        found = {"threshold": request.threshold, "face": config.regions.face.model_dump() if region == "face" else None}
    else:
        if not place.is_dir():
            raise UserError(f"{place} is not a folder.", "Name the folder that the annotations' file names start from.")
        listed, finder = given(place, request.annotations, request.people, region, config.regions, folder)
        found = {"annotations": str(request.annotations)}
    settings = Settings(
        version=__version__,
        region=region,
        method=request.method,
        level=request.level,
        config=params.model_dump(mode="json"),
        seed=request.seed,
        quality=request.quality,
        regions=found,
    )
    return Work(settings, finder, plugin, request.out, request.generators, request.device), listed
