"""How long Snakemake plans a study of the paper's size: 7 pairs of dataset and model, 651 trainings.

Run from the project's root::

    python -m benchmarks.planning [--images 118000] [--shards 8] [--profile]

The datasets are stand-ins in the `coco` format, in a temporary copy of the project: annotation files and folders of
empty images, ``--images`` of them in the largest. Nothing is converted or trained; only `snakemake -n` and the target
`plan` run. Printed are wall-clock and CPU seconds and the number of jobs. The goal is 60 s.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("Snakefile", "rules", "workflow_scripts", "anonbench", "config", "envs", "profiles", "docs/terms.md")
DETECTOR, POSE = "config/models/mask-rcnn_r50_fpn_1x.py", "config/models/td-hm_r50_256x192.py"
# The share of the largest dataset's images that each one has, and its models.
DATASETS = {
    "coco": (1.0, ["detector", "pose"]),
    "wider_face": (0.11, ["detector"]),
    "crowdpose": (0.08, ["pose"]),
    "cityscapes": (0.025, ["detector"]),
    "bdd100k": (0.6, ["detector"]),
    "own": (0.01, ["detector"]),
}
METHODS, LEVELS, SEEDS = ["blur", "pixelate", "mask_out", "inpaint", "gan"], ["low", "medium", "high"], [0, 1, 2]


def main() -> None:
    """Parse the arguments, plan, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=118_000, help="files in the largest dataset's training folder")
    parser.add_argument("--shards", type=int, default=8, help="shards of every dataset")
    parser.add_argument("--profile", action="store_true", help="print where the time goes, too")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "project"
        for part in PARTS:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
            (root / part).parent.mkdir(parents=True, exist_ok=True)
            copy(ROOT / part, root / part)
        (root / "paper.yaml").write_text(yaml.safe_dump(configuration(root / "data", args.images, args.shards)))
        options = ["--cores", "1", "--configfile", "paper.yaml"]
        for target in ("results/summary.csv", "plan"):
            dry = [] if target == "plan" else ["-n", "--quiet", "rules"]
            profile = ["-m", "cProfile", "-o", "profile"] if args.profile and dry else []
            seconds, cpu, printed = timed([sys.executable, *profile, "-m", "snakemake", target, *dry, *options], root)
            jobs = re.search(r"^total\s+(\d+)", printed, re.MULTILINE)
            print(f"{target}: {seconds:.1f} s, {cpu:.1f} s of CPU, {jobs.group(1) if jobs else '?'} jobs", flush=True)
            if profile:
                import pstats

                pstats.Stats(str(root / "profile")).sort_stats("cumulative").print_stats(70)


def configuration(folder: Path, images: int, shards: int) -> dict[str, Any]:
    """The study, over stand-in datasets that are written below ``folder``."""
    datasets, generators, study = {}, {}, []
    for name, (share, models) in DATASETS.items():
        splits = {}
        for split, count in (("train", int(images * share)), ("val", int(images * share) // 20)):
            place = folder / name / split
            place.mkdir(parents=True)
            write_stand_in(place, max(1, count))
            splits[split] = {"images": str(place), "annotations": f"{place}.json"}
        datasets[name] = {"format": "coco", "splits": splits, "shards": shards}
        for region, width, height in (("face", 128, 128), ("body", 160, 288)):
            size = {"width": width, "height": height, "channels": 64, "epochs": 20}
            generators[f"{name}_{region}"] = {"region": region, "learns": {"dataset": name}, "serves": [name], **size}
        block = {"regions": ["face", "body"], "methods": METHODS, "levels": LEVELS, "seeds": SEEDS}
        study.append({"datasets": [name], "models": models, **block})
    models = {
        "detector": {"config": DETECTOR, "tasks": ["detection", "instance_segmentation"]},
        "pose": {"config": POSE, "tasks": ["pose"]},
    }
    return {"datasets": datasets, "generators": generators, "models": models, "study": study}


def write_stand_in(folder: Path, count: int) -> None:
    """So many empty images, and an annotation file beside their folder in which every second one shows a person."""
    images = [{"id": n, "file_name": f"{n:012d}.jpg", "width": 640, "height": 480} for n in range(1, count + 1)]
    for image in images:
        os.close(os.open(folder / image["file_name"], os.O_CREAT))
    people = [{"id": image["id"], "image_id": image["id"], "category_id": 1} for image in images[::2]]
    listed = {"images": images, "annotations": people, "categories": [{"id": 1, "name": "person"}]}
    Path(f"{folder}.json").write_text(json.dumps(listed))


def timed(command: list[str], folder: Path) -> tuple[float, float, str]:
    """Wall-clock and CPU seconds of a command, and what it printed."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu, done.stdout + done.stderr


if __name__ == "__main__":
    main()
