"""Photographs without a person, a detector that finds what the test says, and the command as a user runs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from anonbench.cli.main import app
from anonbench.common.images import encode
from anonbench.config.regions import FaceRegionConfig
from anonbench.detect.detector import Detections


def picture(seed: int, height: int = 60, width: int = 80) -> np.ndarray:
    """Noise, of which every pixel tells whether it was changed."""
    return np.random.default_rng(seed).integers(1, 255, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three photographs, one of them below another folder, a hidden one, and a text."""
    place = tmp_path / "in"
    for index, name in enumerate(("a.png", "b.PNG", "sub folder/c 1.png", ".hidden.png")):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(encode(picture(index), ".png"))
    (place / "notes.txt").write_text("not a photograph")
    return place


@pytest.fixture
def finds(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[str, float | None]]]:
    """Let the detector find these ``xyxy`` boxes in every photograph; returns what it was opened with."""
    opened = []

    def install(*boxes: tuple[float, ...]) -> list[tuple[str, float | None]]:
        found = Detections(np.array(boxes, float).reshape(-1, 4), np.linspace(0.9, 0.5, len(boxes)))

        def face_detector(config: FaceRegionConfig) -> Callable[[np.ndarray], Detections]:
            opened.append(("face", config.threshold))
            return lambda image: found

        def people_detector(threshold: float | None = None) -> Callable[[np.ndarray], Detections]:
            opened.append(("body", threshold))
            return lambda image: found

        monkeypatch.setattr("anonbench.detect.faces.face_detector", face_detector)
        monkeypatch.setattr("anonbench.detect.nanodet.NanoDet", people_detector)
        monkeypatch.setattr("anonbench.cli.finders.grown", lambda boxes, grow: boxes)
        return opened

    return install


@pytest.fixture
def anonbench() -> Callable[..., Any]:
    """Run the command with these words."""

    def run(*words: object) -> Any:
        return CliRunner().invoke(app, [str(word) for word in words])

    return run
