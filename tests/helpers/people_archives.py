"""Miniatures of Labeled Faces in the Wild and Market-1501 in their official layouts."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np

from tests.helpers.official import encoded

# How many photographs people have.
LFW = {"Ada_L": 3, "Bo": 2, "Cy": 1, "Di_E_F": 2, "Ed": 4}
MARKET = {
    "bounding_box_train": ("0002_c1s1_000451_03", "0002_c4s2_000976_01", "0007_c2s1_000001_01", "0007_c3s1_000001_00",
                           "0010_c6s4_000777_02"),
    "bounding_box_test": ("-1_c1s1_000401_03", "0000_c1s1_000151_01", "0000_c2s1_000151_02", "0001_c1s1_001051_02",
                          "0003_c5s1_000002_00"),
    "query": ("0001_c2s1_000301_00", "0003_c1s6_015971_00", "0003_c4s6_015641_00", "0004_c4s6_010481_00"),
}  # fmt: skip


def picture(width: int, height: int, shade: int) -> np.ndarray:
    """(height, width, 3) uint8 RGB: a gradient, whose lower right corner tells the shades apart."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([columns % 256, rows % 256, np.full_like(rows, shade)], -1).astype(np.uint8)


def lfw(path: Path, people: dict[str, int] = LFW, root: str = "lfw/", side: int = 250) -> Path:
    """lfw.tgz: ``people`` have so many photographs each; a list of names is no photograph."""
    members = {f"{root}names.txt": b"Ada_L 3"}
    for shade, (person, count) in enumerate(people.items()):
        for number in range(1, count + 1):
            data = encoded(picture(side, side, 20 * shade + number))
            members[f"{root}{person}/{person}_{number:04d}.jpg"] = data
    return tarred(path, members)


def tarred(path: Path, members: dict[str, bytes]) -> Path:
    """A gzipped tar archive, its members not in the order of their names."""
    with tarfile.open(path, "w:gz") as out:
        for name, data in reversed(members.items()):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            out.addfile(info, io.BytesIO(data))
    return path


def person_folders(root: Path, people: dict[str, int] = LFW, side: int = 90) -> Path:
    """A folder for each person with ``0.jpg``, ``1.jpg`` and so on, and what else lies about."""
    for shade, (person, count) in enumerate(people.items()):
        folder = root / person
        folder.mkdir(parents=True)
        for number in range(count):
            (folder / f"{number}.jpg").write_bytes(encoded(picture(side, side, 20 * shade + number)))
    (root / "Bo" / ".hidden.jpg").write_bytes(b"")
    (root / "Bo" / "notes.txt").write_text("smiles")
    return root


def market1501(path: Path, more: tuple[str, ...] = (), size: tuple[int, int] = (64, 128)) -> Path:
    """Market-1501-v15.09.15.zip with the crops of :data:`MARKET`, and ``more`` files."""
    names = [f"{folder}/{name}.jpg" for folder, names in MARKET.items() for name in names]
    with zipfile.ZipFile(path, "w") as out:
        for shade, name in enumerate([*names, *more]):
            out.writestr(f"Market-1501-v15.09.15/{name}", encoded(picture(*size, 5 * shade)))
        for name in ("readme.txt", "bounding_box_train/Thumbs.db", "gt_query/0001_c2s1_000301_00_good.mat"):
            out.writestr(f"Market-1501-v15.09.15/{name}", b"")
    return path
