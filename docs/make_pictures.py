"""Draw docs/anonymizers.jpg: every method, level and region of the default configuration on one rendered scene.

Run from the project's root, after `make demo`, which trains the generators: .venv/bin/python docs/make_pictures.py
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from anonbench.anonymize.base import Assignment  # noqa: E402
from anonbench.anonymize.registry import create, is_learned  # noqa: E402
from anonbench.common.files import read_json  # noqa: E402
from anonbench.common.images import decode  # noqa: E402
from anonbench.datasets.prepare import prepare  # noqa: E402
from anonbench.datasets.scenes.parts import KEYPOINTS  # noqa: E402
from anonbench.regions.build import build_regions  # noqa: E402
from anonbench.regions.files import decode_region  # noqa: E402

SPEC = {"format": "scenes", "splits": {"val": 140}, "width": 512, "height": 384, "seed": 0}
SCENE = 37  # one with near people, seen from the front
CROP = (slice(60, 340), slice(90, 430))
CAPTION = 22  # px


def main() -> None:
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    with tempfile.TemporaryDirectory() as folder:
        images, annotations = Path(folder) / "images", Path(folder) / "train.json"
        prepare(SPEC, "val", {}, images, annotations, "scenes")
        entry = read_json(annotations)["images"][SCENE]
        image = decode(images / entry["file_name"])
        found = {
            region: build_regions(annotations, images, region, config["regions"][region])["images"][SCENE]["regions"]
            for region in ("face", "body")
        }
    rows = []
    for region, records in found.items():
        regions = [decode_region(record) for record in records]
        for level in ("low", "medium", "high"):
            tiles = [captioned(image, "original")]
            for method, levels in config["methods"].items():
                weights = [generator(region)] if is_learned(method) else []
                anonymizer = create(method, levels[level], weights)
                with anonymizer.started(Assignment([], region, list(KEYPOINTS), 0, ROOT, None)):
                    result = anonymizer.anonymize(image, regions, np.random.default_rng(0)).image
                tiles.append(captioned(result, f"{region}, {method}, {level}"))
            rows.append(np.concatenate(tiles, axis=1))
    sheet = np.concatenate(rows, axis=0)
    small = cv2.resize(sheet, None, fx=0.62, fy=0.62, interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 85])
    (ROOT / "docs" / "anonymizers.jpg").write_bytes(data.tobytes())


def generator(region: str) -> Path:
    """The demo's generator of a region."""
    return ROOT / "resources" / "gan" / f"scenes_{region}" / "generator.safetensors"


def captioned(image: np.ndarray, text: str) -> np.ndarray:
    """The picture's crop with a line of text above and a white margin."""
    tile = image[CROP]
    tile = cv2.copyMakeBorder(tile, CAPTION, 4, 2, 2, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    cv2.putText(tile, text, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return tile


if __name__ == "__main__":
    main()
