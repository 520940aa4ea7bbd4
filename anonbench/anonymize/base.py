"""What every anonymization method is, the fail-closed frame around it, and the registry that finds it by name."""

from __future__ import annotations

import difflib
import importlib
import logging
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from anonbench.anonymize.geometry import Footprint, footprint
from anonbench.errors import UserError
from anonbench.records import Region

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
class Patch:
    """What a method sees of one region: a crop of the image, the region's outline in it, and nothing else.

    Parameters
    ----------
    image
        (h, w, 3) uint8 RGB. Black where ``hidden``.
    mask
        (h, w) bool: the pixels to replace, already grown.
    hidden
        (h, w) bool: pixels whose content must not be used. All False for a method that sees the region.
    box
        (4,) float64 ``xyxy`` px within the crop, before growing.
    side
        The region's longer side in px before growing, the unit of all parameters.
    keypoints
        (K, 3) float64 of x, y, visibility within the crop, or None.
    rng
        The image's random generator.
    """

    image: np.ndarray
    mask: np.ndarray
    hidden: np.ndarray
    box: np.ndarray
    side: float
    keypoints: np.ndarray | None
    rng: np.random.Generator


@dataclass(frozen=True)
class Anonymized:
    """An anonymized image, (height, width, 3) uint8 RGB, and how many regions fell back to a mask-out, by reason.

    Reasons: ``box_not_finite`` (the whole image is masked out), ``box_degenerate``, ``mask_wrong_shape``,
    ``mask_empty``, ``outside`` (nothing of the region is visible, so nothing is masked out), ``output_wrong_shape``,
    ``output_not_finite``, ``output_unchanged``, ``error`` (the method raised), and the method's own, such as
    ``too_small``.
    """

    image: np.ndarray
    fallbacks: Counter[str]


class Anonymizer(ABC):
    """An anonymization method with its parameters.

    A method is one file in ``anonbench/anonymize/methods/`` with one subclass, found by the file's name. It names the
    model of its parameters in ``Params`` and implements :meth:`fill`; everything else, from clipping to the fail-closed
    fallbacks, happens here.

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

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = _validate(type(self).Params, params)

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

    def anonymize(self, image: np.ndarray, regions: list[Region], rng: np.random.Generator) -> Anonymized:
        """Replace every region; no pixel outside the grown regions changes.

        A region that cannot be processed is masked out and counted, never left visible. Where regions overlap, the
        later one works on the result of the earlier one, so that no pixel ends up less anonymized than by either.

        Parameters
        ----------
        image
            (height, width, 3) uint8 RGB; not modified.
        regions
            Outlines in the image's pixel coordinates.
        rng
            The only source of randomness.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
            raise ValueError(f"expected (height, width, 3) uint8, got {image.shape} {image.dtype}")
        result, fallbacks = image.copy(), Counter()
        prints = []
        for region in regions:
            print_ = footprint(region, image.shape[:2], self.grow)
            if print_.problem:
                fallbacks[print_.problem] += 1
            if print_.mask is not None:
                prints.append((region, print_))
        hidden = None
        if not self.sees_region:
            hidden = np.zeros(image.shape[:2], bool)
            for _, print_ in prints:
                hidden[print_.window] |= print_.mask
                _paste(None, print_.mask, result[print_.window])
        # Regions that need no method come first, so that a method never sees what they should have hidden.
        for region, print_ in sorted(prints, key=lambda item: not item[1].problem):
            reason = print_.problem
            filled = None
            if not reason:
                filled, reason = self._attempt(image, result, hidden, region, print_, rng)
            if reason and not print_.problem:
                fallbacks[reason] += 1
            _paste(None if reason else filled, print_.mask, result[print_.window])
            if hidden is not None:
                hidden[print_.window] &= ~print_.mask
        return Anonymized(result, fallbacks)

    def _attempt(
        self,
        original: np.ndarray,
        image: np.ndarray,
        hidden: np.ndarray | None,
        region: Region,
        print_: Footprint,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray | None, str]:
        """The method's output for the footprint's window, or the reason why there is none that can be trusted."""
        patch, inner = _patch(image, hidden, region, print_, self.margin(print_.side), rng)
        try:
            output = np.asarray(self.fill(patch))
        except Unfit as unfit:
            return None, unfit.reason
        except Exception:
            # Whatever goes wrong inside a method must not leave a person visible; the count says that it did.
            log.exception("%s failed on a region, which is masked out", type(self).__name__)
            return None, "error"
        if output.shape != patch.image.shape or output.dtype.kind not in "uif":
            return None, "output_wrong_shape"
        output = output[inner]
        if output.dtype != np.uint8:
            if not np.isfinite(output).all():
                return None, "output_not_finite"
            output = np.rint(output).clip(0, 255).astype(np.uint8)
        # The largest difference within the mask.
        if self.sees_region and not cv2.norm(output, original[print_.window], cv2.NORM_INF, print_.mask.view(np.uint8)):
            return None, "output_unchanged"
        return output, ""


def _paste(source: np.ndarray | None, mask: np.ndarray, target: np.ndarray) -> None:
    """Copy the pixels in the mask, or black, into the target; `cv2.copyTo` is far faster here than `np.copyto`."""
    if source is None:
        source = np.zeros(target.shape, np.uint8)
    # Assigned as well as passed: OpenCV writes to a copy where it cannot use the layout of a view.
    target[...] = cv2.copyTo(source, mask.view(np.uint8), target)


def _patch(
    image: np.ndarray,
    hidden: np.ndarray | None,
    region: Region,
    print_: Footprint,
    margin: int,
    rng: np.random.Generator,
) -> tuple[Patch, tuple[slice, slice]]:
    """The crop with its margin, and the footprint's window within that crop."""
    rows, cols = print_.window
    top, left = max(0, rows.start - margin), max(0, cols.start - margin)
    outer = slice(top, rows.stop + margin), slice(left, cols.stop + margin)
    inner = slice(rows.start - top, rows.stop - top), slice(cols.start - left, cols.stop - left)
    crop = image[outer].copy()
    mask = np.zeros(crop.shape[:2], bool)
    mask[inner] = print_.mask
    keypoints = region.keypoints
    if keypoints is not None:
        keypoints = keypoints - np.array([left, top, 0.0])
    patch = Patch(
        image=crop,
        mask=mask,
        hidden=np.zeros_like(mask) if hidden is None else hidden[outer].copy(),
        box=print_.box - np.array([left, top, left, top], float),
        side=print_.side,
        keypoints=keypoints,
        rng=rng,
    )
    return patch, inner


def method_names() -> list[str]:
    """The methods that exist, sorted: one for every module in ``anonbench/anonymize/methods/``."""
    folder = Path(__file__).parent / "methods"
    return sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))


def create(method: str, params: dict[str, Any]) -> Anonymizer:
    """The method of that name with these parameters.

    Raises
    ------
    UserError
        If there is no such method, or a parameter is unknown, missing or out of its range.
    """
    return _method_class(method)(params)


def check_params(method: str, params: dict[str, Any]) -> None:
    """Raise the UserError that :func:`create` would raise, without building the method."""
    _validate(_method_class(method).Params, params)


def _method_class(method: str) -> type[Anonymizer]:
    known = method_names()
    if method not in known:
        close = difflib.get_close_matches(str(method), known, n=1)
        hint = f"Did you mean {close[0]!r}? " if close else ""
        raise UserError(f"There is no anonymization method {method!r}.", f"{hint}Choose from {', '.join(known)}.")
    module = importlib.import_module(f"anonbench.anonymize.methods.{method}")
    return next(
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Anonymizer) and value.__module__ == module.__name__
    )


def _validate(model: type[Params], params: dict[str, Any]) -> Params:
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
        raise UserError(
            f"The parameter {name!r} cannot be {first['input']!r}: {first['msg']}.", "Change its value."
        ) from None
