"""A user's own anonymizer: a command that reads images and regions and writes images."""

from __future__ import annotations

import logging
import math
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field, field_validator

from anonbench.anonymize.method import Assignment, Method, Unfit
from anonbench.anonymize.outside.command import PLACEHOLDERS, failure, filled_in, run, unknown_placeholders
from anonbench.anonymize.outside.exchange import write_exchange
from anonbench.anonymize.outside.output import read_output
from anonbench.common.files import require_space
from anonbench.common.validation import Model
from anonbench.regions.patch import Patch

log = logging.getLogger(__name__)

# Bytes per pixel of a command's images and of those that it gets, at most: JPEG at quality 100, or PNG, of photographs.
BYTES_PER_PIXEL = 4


class Config(Model):
    """``command``: program and arguments, with ``{images}``, ``{regions}``, ``{output}`` and ``{seed}`` in them;
    ``grow``: by what fraction of its longer side a region grows before it is replaced; ``timeout``: seconds;
    ``least_change``: a region that changes by less on average, of 0..255, is masked out."""

    command: Annotated[list[str], Field(min_length=1)]
    grow: Annotated[float, Field(ge=0, le=1)] = 0.0
    timeout: Annotated[float, Field(gt=0)] = 86_400.0
    least_change: Annotated[float, Field(gt=0, le=255)] = 6.0

    @field_validator("command", mode="before")
    @classmethod
    def _words(cls, words: Any) -> Any:
        if not isinstance(words, list):
            return words
        for word in words:
            if isinstance(word, dict):
                raise ValueError(f"quote the placeholder: '{{{next(iter(word), '')}}}'")
        return [str(word) if isinstance(word, int | float) and not isinstance(word, bool) else word for word in words]

    @field_validator("command")
    @classmethod
    def _placeholders(cls, words: list[str]) -> list[str]:
        for name in unknown_placeholders(words):
            known = ", ".join(f"{{{placeholder}}}" for placeholder in PLACEHOLDERS)
            raise ValueError(f"there is no placeholder {{{name}}}; choose from {known}")
        for name in ("images", "output"):
            if not any(f"{{{name}}}" in word for word in words):
                raise ValueError(f"it lacks {{{name}}}")
        if any("\0" in word for word in words):
            raise ValueError("a word holds a zero byte")
        return words


class External(Method):
    """Whatever a user's command makes of the regions, once it is verified.

    The command runs once per job, over all of its images, before they are written. Its images go through the same frame
    as every method's output; docs/external.md says what is kept of them.
    """

    Config = Config
    sees_region = True

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.least_change = config.least_change
        self.output: Path | None = None

    def grow(self, side: float) -> int:
        """A fraction of the longer side."""
        return math.ceil(self.config.grow * side)

    def fill(self, patch: Patch) -> np.ndarray:
        """Nothing: a command never runs for a single crop."""
        raise Unfit("output_missing")

    def made(self, file_name: str, shape: tuple[int, int]) -> np.ndarray | str:
        """The image as the command wrote it, where that can be used."""
        return "output_missing" if self.output is None else read_output(self.output, file_name, shape)

    @contextmanager
    def started(self, assignment: Assignment) -> Iterator[None]:
        """Run the command over all images of a job.

        Raises
        ------
        UserError
            If it fails, is over time, or writes none of the images, or none that can be used.
        """
        pixels = sum(job.size[0] * job.size[1] for job in assignment.jobs)
        require_space(assignment.folder, BYTES_PER_PIXEL * pixels, "What the command reads and writes")
        folder = Path(tempfile.mkdtemp(prefix=".external-", dir=assignment.folder)).resolve()
        try:
            places = {name: folder / name for name in ("images", "regions", "output")}
            for place in places.values():
                place.mkdir()
            names = set(write_exchange(assignment, places["images"], places["regions"], self.grow))
            self.output = places["output"]
            if names:
                values = {name: str(place) for name, place in places.items()} | {"seed": str(assignment.seed)}
                shapes = {job.file_name: job.size[::-1] for job in assignment.jobs if job.file_name in names}
                self._run(filled_in(self.config.command, values), shapes, assignment.log)
            yield
        finally:
            self.output = None
            shutil.rmtree(folder, ignore_errors=True)

    def _run(self, words: list[str], shapes: dict[str, tuple[int, int]], tool_log: Path | None) -> None:
        """Run it over the images of these names and (height, width)."""
        names = list(shapes)
        tool_log = tool_log or self.output.parent / "log"
        run(words, tool_log, self.config.timeout)
        found = set(_files(self.output))
        missing, strange = sorted(set(names) - found), sorted(found - set(names))
        if strange:
            text = "the command wrote %d files that are named after no image, such as %r"
            log.warning(text, len(strange), strange[0])
        if len(missing) == len(names):
            raise failure(words, f"wrote none of the {len(names)} images into {{output}}", tool_log)
        unusable = _first_unusable(self.output, shapes)
        if unusable:
            raise failure(words, f"wrote no image that can be used: {unusable}", tool_log)
        if missing:
            log.warning("the command left out %d of %d images, such as %r", len(missing), len(names), missing[0])


_UNUSABLE = {
    "output_missing": "is missing",
    "output_unreadable": "is not a plain, whole JPEG or PNG",
    "output_wrong_shape": "has another size than the image that it replaces",
    "output_not_rgb": "is transparent or has more than 8 bits per channel; write plain RGB",
}


def _first_unusable(folder: Path, shapes: dict[str, tuple[int, int]]) -> str:
    """What is wrong with the first image that a command wrote, where every one is wrong; else nothing."""
    first = ""
    for name, shape in shapes.items():
        found = read_output(folder, name, shape)
        if not isinstance(found, str):
            return ""
        if not first and found != "output_missing":
            first = f"{name!r} {_UNUSABLE[found]}"
    return first


def _files(folder: Path) -> Iterator[str]:
    """Relative names, with ``/``, of all files below a folder; no link is followed."""
    for path, _, names in os.walk(folder):
        for name in names:
            yield Path(path, name).relative_to(folder).as_posix()
