"""What of a command's output is trusted: its regions where they changed, and nothing else."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy as np

from anonbench.anonymize.frame import Anonymized, paste
from anonbench.common.errors import UserError
from anonbench.common.images import decode, read_header
from anonbench.regions.footprint import Footprint, footprint
from anonbench.regions.region import Region

# No encoded image is larger than this: bytes a pixel, and bytes besides.
_BYTES_PER_PIXEL, _BYTES = 8, 1_000_000
# A region is judged by the pixels that it shares with no other one, where these are at least such a share of it.
_OWN_SHARE = 0.1


def read_output(folder: Path, name: str, shape: tuple[int, int]) -> np.ndarray | str:
    """The image of that name that a command wrote, (height, width, 3) uint8 RGB, or why it cannot be used.

    Reasons: ``output_missing``; ``output_unreadable`` (a link or no plain file, no whole JPEG or PNG whatever its
    suffix, other than 8 bits a channel, transparent, or far too large a file); ``output_wrong_shape``.

    Parameters
    ----------
    folder
        Where it wrote. No link in it is followed.
    name
        Relative, with ``/``.
    shape
        (height, width) px that the image must have; nothing larger is decoded.
    """
    path = Path(folder)
    parts = PurePosixPath(name).parts
    for number, part in enumerate(parts, start=1):
        path = path / part
        try:
            mode = path.lstat().st_mode
        except OSError:
            return "output_missing"
        if not (stat.S_ISREG(mode) if number == len(parts) else stat.S_ISDIR(mode)):
            return "output_unreadable"
    try:
        with open(path, "rb") as stream:
            limit = _BYTES_PER_PIXEL * shape[0] * shape[1] + _BYTES
            data = stream.read(limit + 1)
        if len(data) > limit:
            return "output_unreadable"
        header = read_header(data, name)
        if (header.height, header.width) != shape:
            return "output_wrong_shape"
        if header.bits != 8 or header.channels not in (1, 3):
            return "output_unreadable"
        return decode(data, name)
    except (OSError, UserError):
        return "output_unreadable"


def accept(
    image: np.ndarray,
    regions: list[Region],
    output: np.ndarray | str,
    grow: Callable[[float], int],
    least_change: float,
) -> Anonymized:
    """The image with those of its regions replaced that a command has replaced; the others are masked out and counted.

    Parameters
    ----------
    image
        (height, width, 3) uint8 RGB: the original.
    regions
        Outlines in the image's pixel coordinates; nothing about them is trusted.
    output
        The command's image, or why there is none.
    grow
        From a region's longer side in px to the px by which it grows. What lies outside of all grown regions stays.
    least_change
        A region whose pixels differ by less than this on average, of 0..255, counts as ``output_unchanged``.
    """
    result, fallbacks = image.copy(), Counter()
    prints = []
    for region in regions:
        print_ = footprint(region, image.shape[:2], grow)
        if print_.problem:
            fallbacks[print_.problem] += 1
        if print_.mask is not None:
            prints.append(print_)
    covered = np.zeros(image.shape[:2], np.uint16)
    for print_ in prints:
        covered[print_.window] += print_.mask
    if isinstance(output, str):
        changed, restored = None, 0
    else:
        changed = np.abs(output.astype(np.int16) - image).mean(2)
        restored = int(((changed > 0) & (covered == 0)).sum())
    hidden = []
    for print_ in prints:
        reason = print_.problem or (output if isinstance(output, str) else "")
        if not reason and _change(changed, covered, print_) < least_change:
            reason = "output_unchanged"
        if reason:
            fallbacks[reason] += not print_.problem
            hidden.append(print_)
        else:
            paste(output[print_.window], print_.mask, result[print_.window])
    # Last, so that no other region brings back what one of these hides.
    for print_ in hidden:
        paste(None, print_.mask, result[print_.window])
    return Anonymized(result, +fallbacks, restored)


def _change(changed: np.ndarray, covered: np.ndarray, print_: Footprint) -> float:
    """By how much a region's pixels differ on average, before growing.

    A person whom the command missed may be half behind one whom it replaced: where there is enough of it, only what
    belongs to this region alone is asked.
    """
    outline = print_.outline
    own = outline & (covered[print_.window] == 1)
    judged = own if own.sum() >= _OWN_SHARE * outline.sum() else outline
    return float(changed[print_.window][judged].mean())
