"""Memory and time of converting a COCO training set of full size, from generated annotations.

    python -m benchmarks.coco_size [--images 118287] [--annotations 860001] [--folder DIR]

The annotation archive has as many images, objects, people and crowds as train2017's, and as many points per polygon
(about 450 and 270 MB of JSON). The images are of 64 x 48 px, so that time and memory are those of the annotations and
of a file's handling. Reported are the sizes, the seconds, and the peak of the converting process's memory.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from anonbench.datasets.tables.coco_categories import COCO_SIGMAS

WIDTH, HEIGHT = 64, 48
# Of 860,001 objects in instances_train2017.json, 262,465 are people; 10,000 crowds are one in 86.
PERSON_SHARE, CROWD_EVERY = 0.305, 86
# Outlines of train2017 have some 25 points on average, with a long tail.
MEAN_POINTS = 25
CONVERT = """
import resource, sys, time
from pathlib import Path
from anonbench.datasets.common_form import write_split
from anonbench.config.plugins import FORMATS
folder = Path(sys.argv[1])
start = time.perf_counter()
coco = FORMATS.create("coco2017", {"format": "coco2017"})
split = coco.load("train", {"train": folder / "train2017.zip", "labels": folder / "annotations.zip"})
print(f"annotations read: {time.perf_counter() - start:.0f} s, "
      f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB at most")
write_split(split, dataset="coco", name="train", images_dir=folder / "images", annotations=folder / "train.json")
print(f"split written: {time.perf_counter() - start:.0f} s, "
      f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB at most")
"""


def annotations(count: int, images: int, seed: int = 0) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None]]:
    """``count`` objects as the two files have them: the instance, and the person with keypoints or None."""
    rng = np.random.default_rng(seed)
    for number in range(1, count + 1):
        person = rng.random() < PERSON_SHARE
        crowd = number % CROWD_EVERY == 0
        if crowd:
            cuts = np.sort(rng.integers(0, WIDTH * HEIGHT, 200))
            runs = np.diff([0, *cuts, WIDTH * HEIGHT])
            mask: Any = {"counts": runs.tolist(), "size": [HEIGHT, WIDTH]}
        else:
            points = 3 + int(rng.geometric(1 / (MEAN_POINTS - 2)))
            mask = [np.round(rng.uniform(0, (WIDTH, HEIGHT), (points, 2)), 2).ravel().tolist()]
        x, y, w, h = (round(float(value), 2) for value in rng.uniform(1, 20, 4))
        instance = {
            "segmentation": mask,
            "area": round(w * h, 4),
            "iscrowd": int(crowd),
            "image_id": int(rng.integers(1, images + 1)),
            "bbox": [x, y, w, h],
            "category_id": 1 if person else int(rng.integers(2, 81)),
            "id": number,
        }
        pose = None
        if person:
            seen = rng.random(17) < 0.6
            places = rng.integers(1, HEIGHT, (17, 2)) * seen[:, None]
            flat = np.column_stack([places, 2 * seen]).ravel().tolist()
            pose = {"num_keypoints": int(seen.sum()), "keypoints": flat, **instance}
        yield instance, pose


def generate(folder: Path, images: int, count: int) -> None:
    """Write ``annotations.zip`` and ``train2017.zip`` in COCO's layout."""
    names = [f"{number:012d}.jpg" for number in range(1, images + 1)]
    listed = [
        {"license": 3, "file_name": name, "coco_url": f"http://images.cocodataset.org/train2017/{name}",
         "height": HEIGHT, "width": WIDTH, "date_captured": "2013-11-14 11:18:45",
         "flickr_url": f"http://farm9.staticflickr.com/8186/{name}", "id": number}
        for number, name in enumerate(names, 1)
    ]  # fmt: skip
    person = {"supercategory": "person", "id": 1, "name": "person"}
    others = [{"supercategory": "thing", "id": n, "name": f"category {n}"} for n in range(2, 81)]
    pose = person | {"keypoints": list(COCO_SIGMAS), "skeleton": [[16, 14]]}
    parts = {"instances": [person, *others], "person_keypoints": [pose]}
    files = {part: tempfile.TemporaryFile("w+") for part in parts}
    for file in files.values():
        file.write('{"info": {}, "licenses": [], "images": ' + json.dumps(listed) + ', "annotations": [')
    separators = dict.fromkeys(parts, "")
    for records in annotations(count, images):
        for part, record in zip(parts, records, strict=True):
            if record is not None:
                files[part].write(separators[part] + json.dumps(record))
                separators[part] = ", "
    with zipfile.ZipFile(folder / "annotations.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        for part, categories in parts.items():
            files[part].write('], "categories": ' + json.dumps(categories) + "}")
            print(f"{part}_train2017.json: {files[part].tell() / 1e6:.0f} MB")
            files[part].seek(0)
            with out.open(f"annotations/{part}_train2017.json", "w", force_zip64=True) as member:
                while chunk := files[part].read(1 << 20):
                    member.write(chunk.encode())
            files[part].close()
    buffer = io.BytesIO()
    Image.fromarray(np.full((HEIGHT, WIDTH, 3), 128, np.uint8)).save(buffer, "JPEG")
    with zipfile.ZipFile(folder / "train2017.zip", "w") as out:
        for name in names:
            out.writestr(f"train2017/{name}", buffer.getvalue())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=118_287)
    parser.add_argument("--annotations", type=int, default=860_001)
    parser.add_argument("--folder", type=Path, help="where the temporary folder is made")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        generate(folder, arguments.images, arguments.annotations)
        start = time.perf_counter()
        # A process of its own, since a process's peak memory never falls.
        subprocess.run([sys.executable, "-c", CONVERT, str(folder)], check=True)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(
            f"whole: {time.perf_counter() - start:.0f} s, {used.ru_utime + used.ru_stime:.0f} s of CPU, "
            f"{used.ru_maxrss / 1e6:.2f} GB at most; {(folder / 'train.json').stat().st_size / 1e6:.0f} MB of JSON"
        )


if __name__ == "__main__":
    main()
