"""Archives in the official layouts of Penn-Fudan and LSPET, small enough for a test."""

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import savemat

from anonbench.datasets.formats import lspet

NAMES = lspet.JOINTS


def encoded(image: np.ndarray, kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind)
    return buffer.getvalue()


def tiny_pennfudan(path: Path, *, without: str = "", mask: np.ndarray | None = None, shade: int = 20) -> Path:
    """Eight images of 30 x 20 px; image k has k % 3 people of 4 x 6 px, whose ids have a gap."""
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("PennFudanPed/readme.txt", "")
        for k in reversed(range(8)):
            labels = np.zeros((20, 30), np.uint8)
            for person in range(k % 3):
                labels[5:11, 10 * person : 10 * person + 4] = 2 * person + 1
            members = {
                f"PennFudanPed/PNGImages/Ped{k}.png": np.full((20, 30, 3), shade * k, np.uint8),
                f"PennFudanPed/PedMasks/Ped{k}_mask.png": labels if mask is None else mask,
            }
            for name, image in members.items():
                if name != without:
                    out.writestr(name, encoded(image, "PNG"))
    return path


def upright_joints(people: int) -> np.ndarray:
    """(14, 3, people): the figure of a standing person of 200 px from y 10 to 210, all joints labelled."""
    y = {"ankle": 210, "knee": 160, "hip": 110, "wrist": 105, "elbow": 80, "shoulder": 50, "neck": 45, "head_top": 10}
    bare = [name.removeprefix("left_").removeprefix("right_") for name in NAMES]
    joints = [(50 + 20 * name.startswith("left"), y[joint], 1) for name, joint in zip(NAMES, bare, strict=True)]
    return np.repeat(np.array(joints, float)[:, :, None], people, axis=2)


def tiny_lspet(path: Path, joints: np.ndarray, *, images: int | None = None, root: str = "") -> Path:
    """A person in every image of 120 x 215 px."""
    with zipfile.ZipFile(path, "w") as out:
        matrix = io.BytesIO()
        savemat(matrix, {"joints": joints})
        out.writestr(f"{root}joints.mat", matrix.getvalue())
        for k in range(joints.shape[-1] if images is None else images):
            out.writestr(f"{root}images/im{k + 1:05d}.jpg", encoded(np.full((215, 120, 3), 90, np.uint8), "JPEG"))
    return path
