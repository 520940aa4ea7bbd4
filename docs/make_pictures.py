"""Draw docs/anonymizers.jpg: every method, level and region of the default configuration on one rendered scene.

Needs the generators that `make demo` trains. Run it with `make pictures`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from anonbench.anonymize.frame import anonymize  # noqa: E402
from anonbench.anonymize.method import Assignment  # noqa: E402
from anonbench.common.files import read_json  # noqa: E402
from anonbench.common.images import decode  # noqa: E402
from anonbench.config.config import Config, read_config  # noqa: E402
from anonbench.config.plugins import FORMATS, METHODS  # noqa: E402
from anonbench.config.types import Region as RegionName  # noqa: E402
from anonbench.datasets.prepare import prepare  # noqa: E402
from anonbench.datasets.scenes.parts import KEYPOINTS  # noqa: E402
from anonbench.regions.build import build_regions  # noqa: E402
from anonbench.regions.files import decode_region  # noqa: E402
from anonbench.regions.region import Region  # noqa: E402

SCENES = {"format": "scenes", "splits": {"train": 1, "val": 140}, "width": 512, "height": 384, "seed": 0}
SCENE = 37  # one with near people, seen from the front
CROP = (slice(60, 340), slice(90, 430))
CAPTION = 22  # px
SHRINK = 0.62


def main() -> None:
    config = read_config(yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8")))
    missing = [path for region in ("face", "body") if not (path := generator(region)).is_file()]
    if missing:
        sys.exit(f"{missing[0]} does not exist. Run `make demo` first, which trains the generators.")
    image, found = scene(config)
    rows = []
    for region, regions in found.items():
        for level in ("low", "medium", "high"):
            results = [
                captioned(replaced(config, method, level, region, image, regions), f"{region}, {method}, {level}")
                for method in config.methods
                if not METHODS[method].drops
            ]
            rows.append(np.concatenate([captioned(image, "original"), *results], axis=1))
    sheet = cv2.resize(np.concatenate(rows), None, fx=SHRINK, fy=SHRINK, interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 85])
    (ROOT / "docs" / "anonymizers.jpg").write_bytes(data.tobytes())


def scene(config: Config) -> tuple[np.ndarray, dict[RegionName, list[Region]]]:
    """The scene, (height, width, 3) uint8 RGB, and its faces and bodies."""
    with tempfile.TemporaryDirectory() as folder:
        images, annotations = Path(folder, "images"), Path(folder, "val.json")
        prepare(FORMATS.create("scenes", SCENES), "val", {}, images, annotations, "scenes")
        image = decode(images / read_json(annotations)["images"][SCENE]["file_name"])
        found = {
            region: [
                decode_region(record)
                for record in build_regions(annotations, images, region, config.regions).images[SCENE].regions
            ]
            for region in ("face", "body")
        }
    return image, found


def replaced(
    config: Config, name: str, level: str, region: RegionName, image: np.ndarray, regions: list[Region]
) -> np.ndarray:
    """The scene with its regions anonymized."""
    method = METHODS.create(config.method_plugin(name, level, region), config.method_config(name, level, region))
    method.prepare([generator(region)] if method.learned else [], "cpu")
    with method.started(Assignment([], region, list(KEYPOINTS), 0, ROOT, None)):
        return anonymize(method, image, regions, np.random.default_rng(0)).image


def generator(region: str) -> Path:
    """The demo's generator of a region."""
    return ROOT / "resources" / "generators" / f"scenes_{region}" / "generator.safetensors"


def captioned(image: np.ndarray, text: str) -> np.ndarray:
    """The picture's crop with a line of text above and a white margin."""
    tile = cv2.copyMakeBorder(image[CROP], CAPTION, 4, 2, 2, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    cv2.putText(tile, text, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return tile


if __name__ == "__main__":
    main()
