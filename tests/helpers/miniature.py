"""The study of ``config/paper.yaml`` on miniatures of the official files, cut down by configuration alone.

Other bytes are served from loopback; models keep their architecture and pipelines at a toy width and size, and train
for one epoch; so do generators. ``tests/study/test_paper.py`` runs a few of its cells, ``benchmarks/miniature.py``
all of them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from anonbench.common.files import sha256_file
from anonbench.config.plugins import FORMATS
from anonbench.models.config_files import model_config_weights
from tests.helpers import official
from tests.helpers.project import ROOT, Project
from tests.helpers.server import Server

PAPER = "config/paper.yaml"
WIDTH, SIDE, CROP = 8, 4, 2  # by what channels, the sides of images, and those of a person's crop are divided
SIZES = {"face": {"width": 32, "height": 32}, "body": {"width": 32, "height": 64}}


@cache
def _paper() -> str:
    return (ROOT / PAPER).read_text(encoding="utf-8")


def paper() -> dict[str, Any]:
    """``config/paper.yaml`` as it is written."""
    return yaml.safe_load(_paper())


def behind_a_login(dataset: str) -> bool:
    """Whether a dataset's files cannot be fetched."""
    return not any(file.urls for file in FORMATS[paper()["datasets"][dataset]["format"]].FILES.values())


def build(folder: Path, images: Callable[[str], int]) -> None:
    """Write what the official publishers offer, in miniature, unless it is there already.

    Parameters
    ----------
    folder
        Receives ``served/<dataset>`` and ``served/weights``, and ``archives/<dataset>`` of datasets behind a login.
    images
        From a dataset's format to the number of images in each of its splits.
    """
    for name, spec in paper()["datasets"].items():
        target = folder / ("archives" if behind_a_login(name) else "served") / name
        _once(target, lambda part, fmt=spec["format"]: getattr(official, fmt)(part, images=images(fmt)))
    _once(folder / "served/weights", _write_weights)


def _once(target: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` fill a folder that appears as a whole."""
    if target.exists():
        return
    part = target.with_name(f"{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    write(part)
    os.replace(part, target)


def prepare(root: Path, folder: Path, server: Server, study: list[dict[str, Any]]) -> Project:
    """A project that runs ``study`` on the files that :func:`build` wrote below ``folder``."""
    project = Project.create(root, overlay(folder, server, study), PAPER)
    (root / "toy").mkdir(exist_ok=True)
    for name, model in paper()["models"].items():
        (root / f"toy/{name}.py").write_text(toy_model(model["config"]), encoding="utf-8")
    return project


def overlay(folder: Path, server: Server, study: list[dict[str, Any]]) -> dict[str, Any]:
    """The configuration on top of the paper's: whence the files come, and how small everything is."""
    datasets = {}
    for name, spec in paper()["datasets"].items():
        files = {}
        for role, file in FORMATS[spec["format"]].FILES.items():
            for place in ("served", "archives"):
                path = folder / place / name / file.file_name
                if path.exists():
                    files[role] = {"digest": f"sha256:{sha256_file(path)}", "size": path.stat().st_size}
                    files[role] |= {"urls": [_serve(server, folder, path)]} if place == "served" else {}
        datasets[name] = {"files": files, "shards": min(spec.get("shards", 1), 2)}
        if spec.get("generator_share"):
            datasets[name]["generator_share"] = 0.5
    weights = sorted((folder / "served/weights").glob("*.pth"))
    return {
        "datasets": datasets,
        "generators": {
            name: {**SIZES[generator["region"]], "channels": 4, "epochs": 1, "batch": 4}
            for name, generator in paper()["generators"].items()
        },
        "weights": {
            path.stem: {"url": _serve(server, folder, path), "sha256": sha256_file(path)[:8]} for path in weights
        },
        "models": {name: {"config": f"toy/{name}.py"} for name in paper()["models"]},
        "study": study,
        "runtime": {"device": "cpu"},
        "archives": [str((folder / "archives").resolve())],
    }


def _serve(server: Server, folder: Path, path: Path) -> str:
    name = path.relative_to(folder / "served").as_posix()
    server.files[name] = path.read_bytes()
    return server.url(name)


# Models ---------------------------------------------------------------------------------------------------------------


def toy_model(config: str) -> str:
    """A model config, a file of the project, at a toy's width and size, as source."""
    from anonbench.models.openmmlab.model_config import as_python, load

    model = load(ROOT / config)
    for key, value in model.to_dict().items():
        model[key] = _cut(value)
    model.train_cfg.max_epochs = 1
    model.train_dataloader.batch_size = max(model.train_dataloader.batch_size, 8)
    return as_python(model)


def _cut(value: Any, key: str = "") -> Any:
    """A config's value with fewer channels, blocks, boxes and pixels."""
    if isinstance(value, dict):
        cut = {name: _cut(inner, name) for name, inner in value.items()}
        return {**cut, "base_channels": 64 // WIDTH} if value.get("type") == "ResNet" else cut
    if isinstance(value, (list, tuple)):
        return type(value)(_cut(inner, key) for inner in value)
    if not isinstance(value, int):
        return value
    if key == "channels" or key.endswith("_channels"):
        return value if value == 3 else value // WIDTH
    if key in ("nms_pre", "max_per_img"):
        return value // WIDTH
    if key in ("num_blocks", "num_modules", "num_workers"):
        return min(value, 1)
    if key in ("input_size", "heatmap_size"):
        return value // CROP
    # An anchor's scales are no pixels.
    return value // SIDE if key in ("scale", "scales") and value >= 64 else value


def _write_weights(folder: Path) -> None:
    """What the paper's models start from, at their toy width and with random values."""
    import torch
    from mmengine.registry import MODELS, DefaultScope

    from anonbench.models.openmmlab import setup
    from anonbench.models.openmmlab.model_config import load

    torch.manual_seed(0)
    written = set()
    for number, model in enumerate(paper()["models"].values()):
        path = folder / f"{number}.py"
        path.write_text(toy_model(model["config"]), encoding="utf-8")
        names = set(model_config_weights(str(path)))
        config = load(path)
        path.unlink()
        setup.use(config.default_scope, 1)
        with DefaultScope.overwrite_default_scope(config.default_scope):
            backbone = MODELS.build({**config.model.backbone, "init_cfg": None})
        for name in names - written:
            torch.save(backbone.state_dict(), folder / f"{name}.pth")
        written |= names
