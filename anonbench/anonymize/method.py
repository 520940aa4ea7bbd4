"""What every anonymization method owes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from anonbench.anonymize.jobs import Job
from anonbench.common.errors import suggest
from anonbench.common.plugins import Plugin
from anonbench.common.validation import Model
from anonbench.config.generators import DEFAULT_KIND
from anonbench.config.plugins import KINDS
from anonbench.regions.patch import Patch


class Unfit(Exception):
    """Raised by a method that cannot anonymize this region; the region is masked out and counted under ``reason``."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True)
class Assignment:
    """What a method learns about its work before it gets the first image.

    Parameters
    ----------
    jobs
        All images that have regions.
    region
        ``face`` or ``body``.
    keypoint_names
        What the regions' keypoints are, in their order; may be empty.
    seed
        Base of everything random.
    folder
        On the disk that the edits are written to; it is deleted with everything in it if the job is killed.
    log
        The job's log file, or None.
    """

    jobs: list[Job]
    region: str
    keypoint_names: list[str]
    seed: int
    folder: Path
    log: Path | None


class Method(Plugin):
    """Base of every anonymization method: a file in ``anonbench/anonymize/methods/`` or in a user's ``methods/``.

    A method names its parameters in ``Config`` and implements :meth:`fill`. Everything else, from clipping to the
    fail-closed fallbacks, happens in the frame (:mod:`anonbench.anonymize.frame`), whose functions anonymize images.

    Parameters
    ----------
    config
        The method's parameters for one level, a record of its ``Config``.
    """

    sees_region: ClassVar[bool]
    """Whether the output may depend on the replaced pixels. If not, those of *all* regions are hidden first."""
    drops: ClassVar[Literal["images", "labels"] | None] = None
    """What of everybody with a region training does not get to see: the images, which are left out and never filled, or
    the labels, beside the region's pixels. Such variants are for training only."""
    random: ClassVar[bool] = True
    """Whether its output depends on random numbers, so that another seed is another draw of it."""
    learned: ClassVar[bool] = False
    """Whether it needs trained generators, of the kind that its configuration, a :class:`LearnedConfig`, names."""
    together: ClassVar[int] = 1
    """How many images' regions :meth:`fill_all` wants at once; a divisor of ``worklist.BLOCK``."""
    least_change: float = 0.0
    """A region that the method saw counts as unchanged, and is masked out, if its pixels differ by less than this on
    average, of 0..255; 0 where one changed pixel is enough."""

    @abstractmethod
    def fill(self, patch: Patch) -> np.ndarray:
        """The anonymized crop, (h, w, 3) of uint8 or of finite floats in 0..255; only its pixels in the mask are used.

        Raises
        ------
        Unfit
            If this region cannot be anonymized by this method.
        """

    def grow(self, side: float) -> int:
        """By how many px the region grows past its outline before it is replaced.

        Parameters
        ----------
        side
            The region's longer side in px.
        """
        return 0

    def margin(self, side: float) -> int:
        """How many px of surroundings around the grown region :meth:`fill` wants to see."""
        return 0

    def fill_all(self, patches: list[Patch]) -> list[np.ndarray | str]:
        """For each patch what :meth:`fill` returns, or the reason why this region is to be masked out.

        Asked of a method with ``together > 1`` alone. If it raises, the patches are filled one by one.
        """
        return [self.fill(patch) for patch in patches]

    def prepare(self, generators: Sequence[Path], device: str) -> None:
        """Load what a learned method has learned; before anything else is asked of it.

        Parameters
        ----------
        generators
            The trained generators' files; none for a method that is not ``learned``.
        device
            Where to compute: ``auto``, ``cpu``, ``cuda`` or a device of that kind.

        Raises
        ------
        UserError
            If a generator is unusable.
        ValueError
            If generators are missing, or are passed to a method that is not learned.
        """
        if self.learned != bool(generators):
            raise ValueError(f"{type(self).__name__} {'needs a' if self.learned else 'has no'} generator")

    def expect(self, keypoint_names: Sequence[str]) -> None:
        """Be told what the keypoints of the regions to come are, in their order; none until this is called."""

    @contextmanager
    def started(self, assignment: Assignment) -> Iterator[None]:
        """Around all images of a job: what a method does once for all of them, and undoes."""
        yield

    def made(self, file_name: str, shape: tuple[int, int]) -> np.ndarray | str | None:
        """The whole image of that name, where the method has made it before, when it :meth:`started`.

        Its regions are then taken from it, and :meth:`fill` is not asked.

        Parameters
        ----------
        file_name
            Of the image, relative to its folder.
        shape
            (height, width) px.

        Returns
        -------
        numpy.ndarray, str or None
            (height, width, 3) uint8 RGB; or why there is none, so that every region is masked out; or None from a
            method that works region by region.
        """
        return None


def _known_kind(kind: str) -> str:
    if kind not in KINDS:
        raise PydanticCustomError(
            "unknown_plugin",
            "there is no {noun} {name}",
            {"noun": KINDS.noun, "name": repr(kind), "fix": suggest(kind, KINDS.names())},
        )
    return kind


class LearnedConfig(Model):
    """Base of a learned method's configuration. ``kind``: which kind of generator it uses."""

    kind: Annotated[str, AfterValidator(_known_kind)] = DEFAULT_KIND
