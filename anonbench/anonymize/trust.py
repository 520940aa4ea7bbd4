"""What of a method's output is trusted: pixels of the right shape, finite, and different from those they replace."""

from __future__ import annotations

import cv2
import numpy as np

from anonbench.regions.footprint import Footprint

# A region is judged by the pixels that it shares with no other one, where these are at least such a share of it.
_OWN_SHARE = 0.1


def trusted(output: np.ndarray | str, shape: tuple[int, ...], inner: tuple[slice, slice]) -> np.ndarray | str:
    """A method's output for the footprint's window as uint8, or the reason why it cannot be trusted.

    Parameters
    ----------
    output
        The method's crop, or why there is none.
    shape
        (h, w, 3), which the crop must have.
    inner
        Rows and columns of the footprint's window within the crop.
    """
    if isinstance(output, str):
        return output
    output = np.asarray(output)
    if output.shape != shape or output.dtype.kind not in "uif":
        return "output_wrong_shape"
    output = output[inner]
    if output.dtype != np.uint8:
        if not np.isfinite(output).all():
            return "output_not_finite"
        output = np.rint(output).clip(0, 255).astype(np.uint8)
    return output


def is_unchanged(
    output: np.ndarray, original: np.ndarray, found: Footprint, covered: np.ndarray, least_change: float
) -> bool:
    """Whether a region still shows what it showed.

    With a ``least_change``, the average over the outline before growing decides. A person whom a tool missed may be
    half behind one whom it replaced: where there is enough of it, only what belongs to this region alone is asked.

    Parameters
    ----------
    output, original
        (h, w, 3) uint8, the footprint's window after and before.
    found
        The region's footprint.
    covered
        (h, w) of int, in how many grown regions each pixel of the window lies; asked only with a ``least_change``.
    least_change
        By how much the pixels must differ on average, of 0..255; 0 where one changed pixel is enough.
    """
    if not least_change:
        return not cv2.norm(output, original, cv2.NORM_INF, found.mask.view(np.uint8))
    own = found.outline & (covered == 1)
    judged = own if own.sum() >= _OWN_SHARE * found.outline.sum() else found.outline
    change = np.abs(output.astype(np.int16) - original).mean(2)
    return bool(change[judged].mean() < least_change)
