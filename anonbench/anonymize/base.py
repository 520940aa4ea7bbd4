"""What every anonymization method is."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from anonbench.anonymize.frame import Anonymized, replace_regions, run_together
from anonbench.common.errors import UserError
from anonbench.regions.patch import Patch
from anonbench.regions.region import Region

if TYPE_CHECKING:
    from anonbench.anonymize.variant import Job

log = logging.getLogger(__name__)


class Params(BaseModel):
    """Base of a method's parameters: immutable, and an unknown parameter is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Unfit(Exception):
    """Raised by a method that cannot anonymize this region; the region is masked out and counted under ``reason``."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True)
class Assignment:
    """What a method is told before it gets the first image of a job.

    Parameters
    ----------
    jobs
        All images of the job, which have regions.
    region
        ``face`` or ``body``.
    keypoint_names
        What the regions' keypoints are, in their order; may be empty.
    seed
        Base of everything random.
    folder
        On the disk that the images are written to; it is deleted with all that is left in it if the job is killed.
    log
        The job's log file, or None.
    """

    jobs: list[Job]
    region: str
    keypoint_names: list[str]
    seed: int
    folder: Path
    log: Path | None


class Anonymizer(ABC):
    """An anonymization method with its parameters.

    A method is one file in ``anonbench/anonymize/methods/`` with one subclass, found by the file's name. It names the
    model of its parameters in ``Params`` and implements :meth:`fill`; everything else, from clipping to the fail-closed
    fallbacks, happens in the frame (:mod:`anonbench.anonymize.frame`).

    Parameters
    ----------
    params
        The method's parameters for one level, as in the configuration.

    Raises
    ------
    UserError
        If a parameter is unknown, missing, or out of its range.
    """

    Params: ClassVar[type[Params]]
    sees_region: ClassVar[bool]
    """Whether the output may depend on the replaced pixels. If not, those of *all* regions are hidden first."""
    learned: ClassVar[bool] = False
    """Whether it needs a trained generator: its constructor then takes the generators' files and a device, too."""
    together: ClassVar[int] = 1
    """How many images' regions :meth:`fill_all` wants at once; a divisor of worklist.BLOCK."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = validate(type(self).Params, params)

    @abstractmethod
    def fill(self, patch: Patch) -> np.ndarray:
        """The anonymized crop, (h, w, 3) of uint8 or of finite floats in 0..255; only its pixels in the mask are used.

        Raises
        ------
        Unfit
            If this region cannot be anonymized by this method.
        """

    def grow(self, side: float) -> int:
        """By how many px the region grows past its outline before it is replaced."""
        return 0

    def margin(self, side: float) -> int:
        """How many px of surroundings around the grown region :meth:`fill` wants to see."""
        return 0

    def fill_all(self, patches: list[Patch]) -> list[np.ndarray | str]:
        """For each patch what :meth:`fill` returns, or the reason why this region is to be masked out.

        A method that gains from it works on all of them at once.
        """
        return [self._attempt(patch) for patch in patches]

    def anonymize(self, image: np.ndarray, regions: list[Region], rng: np.random.Generator | None) -> Anonymized:
        """Replace every region of one image, as :func:`anonbench.anonymize.frame.replace_regions` does."""
        return self.anonymize_all([(image, regions, rng)])[0]

    def anonymize_all(
        self, images: list[tuple[np.ndarray, list[Region], np.random.Generator | None]]
    ) -> list[Anonymized]:
        """As :meth:`anonymize`, for several images at once."""
        return run_together([replace_regions(self, *image) for image in images], self.fill_all)

    @contextmanager
    def started(self, given: Assignment) -> Iterator[None]:
        """Around all images of a job: what a method does once for all of them, and undoes."""
        yield

    def anonymize_file(
        self, file_name: str, image: np.ndarray, regions: list[Region], rng: np.random.Generator
    ) -> Anonymized:
        """As :meth:`anonymize`, for the image of that name of the job that has :meth:`started`."""
        return self.anonymize(image, regions, rng)

    def _attempt(self, patch: Patch) -> np.ndarray | str:
        try:
            return self.fill(patch)
        except Unfit as unfit:
            return unfit.reason
        except Exception:
            # Whatever goes wrong inside a method must not leave a person visible; the count says that it did.
            log.exception("%s failed on a region, which is masked out", type(self).__name__)
            return "error"


def validate(model: type[Params], params: dict[str, Any]) -> Params:
    """The parameters as a typed model.

    Raises
    ------
    UserError
        If one is unknown, missing, or out of its range.
    """
    if not isinstance(params, dict):
        raise UserError(f"The method's parameters are {params!r}.", "Write them as `name: value` pairs.")
    try:
        return model.model_validate(params)
    except ValidationError as error:
        # A misspelt parameter is unknown and missing at once; the unknown name is what the user typed.
        first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        name = ".".join(str(part) for part in first["loc"])
        known = ", ".join(model.model_fields)
        if first["type"] == "extra_forbidden":
            raise UserError(f"The method has no parameter {name!r}.", f"Choose from {known}.") from None
        if first["type"] == "missing":
            raise UserError(f"The parameter {name!r} is missing.", "Add it; config/README.md explains it.") from None
        if not name:
            reason = first["msg"].removeprefix("Value error, ")
            raise UserError(f"The parameters {params!r} do not fit together: {reason}.", "Change them.") from None
        raise UserError(
            f"The parameter {name!r} cannot be {first['input']!r}: {first['msg']}.", "Change its value."
        ) from None
