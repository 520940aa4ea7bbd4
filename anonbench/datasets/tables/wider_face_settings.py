"""The faces that WIDER FACE's official evaluation counts in each of its settings: easy, medium, hard.

``eval_tools.zip`` (http://shuoyang1213.me/WIDERFACE/) has ``ground_truth/wider_{easy,medium,hard}_val.mat``. In these
MATLAB 5 files, ``event_list`` names the events. ``file_list``, ``face_bbx_list`` and ``gt_list`` have a cell per event,
and in it a cell per image: its name without ``.jpg``, the boxes of its faces, (F, 4) x, y, w, h px, and the numbers of
the faces that the setting counts, (G, 1) from 1 on. They count 7,211, 13,319 and 31,958 of 39,708 faces.
"""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np

from anonbench.common.errors import UserError
from anonbench.datasets.archive import Archive, open_archive
from anonbench.datasets.members import only

SETTINGS = ("easy", "medium", "hard")
_LISTS = ("event_list", "file_list", "face_bbx_list", "gt_list")
# Of one file's content, packed and unpacked; the official ones unpack to 2.7 MB.
MAX_BYTES = 20_000_000
_HEADER_BYTES = 128
_LITTLE_ENDIAN_5 = b"\x00\x01IM"
_COMPRESSED = 15
_FIX = "Take both files from WIDER FACE's official page."


def settings_of_faces(path: Path, faces: dict[str, list[list[int]]], labels: object) -> dict[str, list[list[str]]]:
    """The settings that count each face.

    Parameters
    ----------
    path
        ``eval_tools.zip``.
    faces
        Image (its path below ``images/``) -> of each face in the official order, numbers that begin with x, y, w, h px.
    labels
        What messages call the file of these faces.

    Returns
    -------
    dict
        Image -> of each face, its settings in the order of :data:`SETTINGS`; empty for a face that none counts.

    Raises
    ------
    UserError
        If the archive lacks a list or one is unreadable, or if a list and ``faces`` differ in an image's faces.
    """
    found: dict[str, list[list[str]]] = {image: [[] for _ in rows] for image, rows in faces.items()}
    with open_archive(path) as archive:
        for setting in SETTINGS:
            name = only(archive, f"ground_truth/wider_{setting}_val.mat")
            listed = _read(archive, name)
            for image in sorted(listed.keys() ^ faces.keys()):
                lacking = f"{path}: {name}" if image in faces else labels
                raise UserError(f"{lacking} lacks the image {image}, which the other one lists.", _FIX)
            for image, (boxes, counted) in listed.items():
                if not _same(boxes, faces[image]):
                    raise UserError(f"{path}: {name} has other faces of {image} than {labels}.", _FIX)
                for number in counted:
                    found[image][number - 1].append(setting)
    return found


def _same(boxes: np.ndarray, rows: list[list[int]]) -> bool:
    text = np.array([row[:4] for row in rows], dtype=np.int64).reshape(-1, 4)
    boxes = boxes.copy()
    # Where a list has a negative size (once, -2 px), the text has 0.
    boxes[:, 2:] = boxes[:, 2:].clip(min=0)
    return np.array_equal(boxes, text)


def _read(archive: Archive, name: str) -> dict[str, tuple[np.ndarray, list[int]]]:
    """Image -> its boxes, (F, 4) int64, and the numbers of the counted faces."""
    # Slow to import, and only a conversion needs it.
    from scipy.io import loadmat

    if archive.size(name) > MAX_BYTES:
        raise UserError(f"{archive.path}: {name} is larger than any list of faces should be.", _FIX)
    data = archive.read(name)
    found: dict[str, tuple[np.ndarray, list[int]]] = {}
    try:
        _check_unpacked(data)
        content = loadmat(io.BytesIO(data), variable_names=_LISTS)
        for event, *of_event in zip(*(content[key].ravel() for key in _LISTS), strict=True):
            for file, boxes, counted in zip(*(cells.ravel() for cells in of_event), strict=True):
                image = f"{event.item()}/{file.item()}.jpg"
                if image in found or boxes.ndim != 2 or boxes.shape[1] != 4:
                    raise ValueError(f"{image} occurs twice, or its boxes are not four numbers each")
                found[image] = _integers(boxes), _integers(counted).ravel().tolist()
                if not set(found[image][1]) <= set(range(1, len(boxes) + 1)):
                    raise ValueError(f"{image} does not have all the faces that are counted")
    # scipy raises nearly anything on a damaged file.
    except Exception as error:
        raise UserError(f"{archive.path}: {name} is unreadable ({error}).", _FIX) from None
    return found


def _integers(values: np.ndarray) -> np.ndarray:
    whole = values.astype(np.int64)
    if not np.array_equal(whole, values):
        raise ValueError("a number is not whole")
    return whole


def _check_unpacked(data: bytes) -> None:
    """Stop for anything but a MATLAB 5 file whose packed variables have a sane size; scipy sets no limit to them."""
    if data[_HEADER_BYTES - 4 : _HEADER_BYTES] != _LITTLE_ENDIAN_5:
        raise ValueError("it is not a MATLAB 5 file")
    place, unpacked = _HEADER_BYTES, 0
    while place + 8 <= len(data):
        kind, size = struct.unpack_from("<II", data, place)
        place += 8
        if kind == _COMPRESSED:
            unpacked += len(zlib.decompressobj().decompress(data[place : place + size], MAX_BYTES + 1))
        if unpacked > MAX_BYTES:
            raise ValueError(f"it unpacks to more than {MAX_BYTES / 1e6:.0f} MB")
        place += size
