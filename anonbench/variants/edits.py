"""What a variant keeps of an image: the edit, which is what the method changed, lossless, and nothing else.

An edit is one picture with an alpha channel, cut to the bounding box of the changed pixels: opaque where the variant
shows the picture's pixel, transparent where it shows the original's. Transparent areas take next to no space, so that
one picture serves however many faces are scattered over an image. It is lossless WebP in its fastest mode, which is as
fast to write as JPEG and a third smaller than PNG; where a side is longer than WebP allows, it is PNG.

The edits of a shard lie in one file (:mod:`anonbench.variants.edit_archive`). A variant's manifest has the digest of
every original and edit, and :class:`anonbench.variants.variant_images.VariantImages` puts them together.
"""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image

from anonbench.common.files import sha256_of
from anonbench.common.images import changed
from anonbench.variants.entry import Edit

WEBP_SIDE = 16_383  # px, the longest that WebP allows


def cut(before: np.ndarray, after: np.ndarray) -> tuple[Edit, bytes] | None:
    """What changed from one image to the other, as its entry of the manifest and its bytes; None if nothing did.

    Parameters
    ----------
    before, after
        (height, width, 3) uint8 RGB.
    """
    opaque = changed(before, after)
    left, top, width, height = cv2.boundingRect(opaque)
    if not width:
        return None
    box = slice(top, top + height), slice(left, left + width)
    pixels = cv2.merge([*cv2.split(cv2.copyTo(after[box], opaque[box])), opaque[box]])
    data = _encoded(pixels)
    return Edit(left=left, top=top, sha256=sha256_of(data)), data


def put_back(edit: Edit, data: bytes, image: np.ndarray) -> None:
    """Put an edit into its original, which becomes the variant's image.

    Parameters
    ----------
    edit
        Where the picture lies.
    data
        The picture as :func:`cut` returns it.
    image
        (height, width, 3) uint8 RGB; changed in place.

    Raises
    ------
    ValueError
        If the bytes are no such picture, or it does not lie within the image.
    """
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.dtype != np.uint8 or picture.ndim != 3:
        raise ValueError("it is not a picture in colour")
    height, width = picture.shape[:2]
    if edit.left < 0 or edit.top < 0 or edit.top + height > image.shape[0] or edit.left + width > image.shape[1]:
        raise ValueError("it does not lie within its image")
    window = image[edit.top : edit.top + height, edit.left : edit.left + width]
    # Assigned as well as passed: OpenCV writes to a copy where it cannot use the layout of a view.
    if picture.shape[2] == 3:  # WebP drops a channel that is opaque everywhere
        window[...] = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    else:
        window[...] = cv2.copyTo(cv2.cvtColor(picture, cv2.COLOR_BGRA2RGB), picture[..., 3], window)


def _encoded(pixels: np.ndarray) -> bytes:
    """(height, width, 4) uint8 RGBA, losslessly but for the colour of transparent pixels."""
    out = io.BytesIO()
    if max(pixels.shape[:2]) > WEBP_SIDE:
        Image.fromarray(pixels).save(out, "PNG", compress_level=1)
    else:
        Image.fromarray(pixels).save(out, "WEBP", lossless=True, method=0, quality=0)
    return out.getvalue()
