"""A study's folder for a user's own data."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from anonbench.cli.own import DEFAULT_SIGMA, own_dataset
from anonbench.common.errors import UserError
from anonbench.common.files import write_text
from anonbench.common.root import ROOT
from anonbench.config.config import read_config, with_defaults
from anonbench.datasets.tables.coco_json import read_coco

STUDY = "study.yaml"
"""The configuration that a study's folder begins with; it goes on top of the workflow's own."""

_PAGE = """\
# A study of {name}. Every key that is not here has the value of the workflow's own configuration; its
# config/README.md explains them all. `anonbench check` says what is wrong with the data before anything is trained.

datasets:
{datasets}
# What becomes of an image with an annotated person of whom nothing says where they are: `hide_image` or `stop`.
regions:
  unlocated: hide_image

{models}
# Every cell of the result matrix: the product of these lists. The originals are always among them.
study:
  - datasets: [{name}]
    models: [{trained}]
    regions: [{regions}]            # what is hidden: face, body
    methods: [blur, pixelate, mask_out]  # and inpaint; gan needs an entry of `generators`
    levels: [medium]                # low, medium, high
    seeds: [0, 1, 2]                # a single one is faster, and has no verdict
    evaluate_on: [original]

# Models of this size train on a laptop. For a GPU see docs/models.md.
runtime:
  device: auto
"""


def write_study(folder: Path, name: str, places: dict[str, tuple[Path, Path]], people: Sequence[str]) -> Path:
    """Write :data:`STUDY` into a new or empty folder.

    Parameters
    ----------
    folder
        The study's folder.
    name
        The dataset's name.
    places
        By split, the folder of images and the JSON file; paths are written relative to ``folder``.
    people
        The categories that are people; guessed where there are none.

    Raises
    ------
    UserError
        If the folder holds files, the name is not one, or a COCO file cannot be read.
    """
    if not name.isidentifier():
        raise UserError(f"{name!r} is no name for a dataset.", "Use letters, digits and underscores.")
    if folder.is_dir() and next(folder.iterdir(), None) is not None:
        raise UserError(f"{folder} is not empty.", "Name a new folder.")
    for images, _ in places.values():
        if not images.is_dir():
            raise UserError(f"{images} is not a folder.", "Name the folder of the images.")
    entry = own_dataset(places, people)
    contents = [read_coco(annotations) for _, annotations in places.values()]
    tasks = _tasks(contents, entry["people"])
    there = {
        split: (os.path.relpath(images, folder), os.path.relpath(annotations, folder))
        for split, (images, annotations) in places.items()
    }
    models = {}
    detection = [task for task in tasks if task != "pose"]
    models["mask-rcnn"] = {"config": "config/models/mask-rcnn_mobilenetv2_demo.py", "tasks": detection}
    if "pose" in tasks:
        models["td-hm"] = {"config": "config/models/td-hm_mobilenetv2_demo.py", "tasks": ["pose"]}
    page = _PAGE.format(
        name=name,
        datasets=_dataset(name, entry, there, contents),
        models=yaml.safe_dump({"models": models}, sort_keys=False, default_flow_style=None),
        trained=", ".join(models),
        regions="face, body",
    )
    read_config(with_defaults(yaml.safe_load(page), ROOT / "config" / "config.yaml"))
    path = folder / STUDY
    write_text(path, page)
    return path


def _tasks(contents: Sequence[dict[str, Any]], people: Sequence[str]) -> list[str]:
    """What models can learn from the annotations."""
    persons = [c for content in contents for c in content["categories"] if c.get("name") in people]
    masks = all(any(a.get("segmentation") for a in content["annotations"]) for content in contents)
    poses = all(c.get("keypoints") for c in persons) and all(
        any(a.get("keypoints") for a in content["annotations"]) for content in contents
    )
    return ["detection", *(["instance_segmentation"] if masks else []), *(["pose"] if poses else [])]


def _dataset(
    name: str, entry: dict[str, Any], places: dict[str, tuple[str, str]], contents: Sequence[dict[str, Any]]
) -> str:
    """The dataset's entry with a comment for every key, as YAML."""
    names = list(dict.fromkeys(c["name"] for content in contents for c in content["categories"]))
    lines = [f"  {name}:", "    format: coco", "    splits:"]
    for split, (images, labels) in places.items():
        lines.append(f"      {split}: {{images: {json.dumps(images)}, annotations: {json.dumps(labels)}}}")
    lines.append(f"    people: {json.dumps(entry['people'])}  # the categories that are people, of {json.dumps(names)}")
    if "sigmas" in entry:
        lines.append(
            f"    # OKS sigmas, one per keypoint; {DEFAULT_SIGMA} is the mean of COCO's, since yours are unknown."
        )
        lines.append(f"    sigmas: {json.dumps(entry['sigmas'])}")
    lines += [
        "    unannotated: hide        # in variants, people whom a detector finds beside yours (docs/own-data.md)",
        "    # categories: [...]      # to keep besides the people; all unless it is set",
        "    # orientation: displayed # if asked: how images with an EXIF orientation were annotated, or `stored`",
        "    # crowds: learn          # if asked: read annotations marked `iscrowd` as single people, or `ignore` them",
        "    # checked: true          # if asked: boxes and masks are right on the images, however they look",
    ]
    return "\n".join(lines) + "\n"
