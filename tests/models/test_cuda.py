"""What is said of CUDA devices, on one; everything else is tested on the CPU."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from anonbench.anonymize.frame import anonymize
from anonbench.anonymize.method import Method
from anonbench.common.root import ROOT
from anonbench.config.models import ModelConfig
from anonbench.config.plugins import METHODS
from anonbench.config.runtime import RuntimeConfig
from anonbench.models.predict import predict
from anonbench.models.train import train
from anonbench.models.training import Training
from anonbench.variants.variant_images import VariantFiles
from tests.helpers.cuda import needs_cuda
from tests.helpers.people import person, picture, untrained
from tests.helpers.toysplit import PERSON, write_split

pytestmark = [needs_cuda, pytest.mark.cuda]

MODELS = ROOT / "config" / "models"
BUILT_IN = ["style_unet", "context_encoder"]


@pytest.fixture(autouse=True)
def _exact(monkeypatch: pytest.MonkeyPatch):
    """Convolutions in full precision, as on the CPU; and one test's settings of this process do not reach the next."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    yield
    torch.use_deterministic_algorithms(False)


def prepared(kind: str, file: Path, device: str) -> Method:
    method = METHODS.create("gan", {"grow": 0.05, "coarseness": 0.02, "kind": kind})
    method.prepare([file], device)
    return method


@pytest.mark.parametrize("kind", BUILT_IN)
def test_the_same_seed_gives_the_same_bytes_and_never_shows_the_original(tmp_path: Path, kind: str) -> None:
    file = untrained(tmp_path / "generator.safetensors", kind)
    gan = prepared(kind, file, "cuda")
    assert next(gan.synthesizers[0].generator.parameters()).is_cuda
    crowd = [person(50, 10, 70), person(66, 12, 66)]
    image = picture(crowd, np.random.default_rng(0))
    hidden = np.where((crowd[0].mask | crowd[1].mask)[..., None], np.uint8(0), image)
    one, again, blind = (anonymize(gan, i, crowd, np.random.default_rng(1)) for i in (image, image, hidden))
    assert not one.fallbacks
    assert (one.image == again.image).all() and (one.image == blind.image).all()
    other = anonymize(prepared(kind, file, "cpu"), image, crowd, np.random.default_rng(1)).image
    assert np.abs(one.image.astype(int) - other).mean() < 1


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, VariantFiles]:
    return write_split(tmp_path_factory.mktemp("split"), images=9)


def model(split: tuple[Path, VariantFiles], folder: Path, base: str, epochs: int, **options) -> Path:
    folder.mkdir()
    config = folder / "model.py"
    config.write_text(f"_base_ = {str(MODELS / base)!r}\ntrain_cfg = dict(max_epochs={epochs})\n")
    train(
        Training(
            model=ModelConfig(config=str(config), tasks=["pose" if "td-hm" in base else "detection"]),
            annotations=split[0],
            images=split[1],
            out_dir=folder,
            seed=0,
            runtime=RuntimeConfig(**options),
        )
    )
    return folder


def losses(folder: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (folder / "scalars.json").read_text().splitlines()]


@pytest.mark.parametrize("base", ["mask-rcnn_mobilenetv2_toy.py", "td-hm_mobilenetv2_toy.py"])
def test_a_model_learns_as_on_the_cpu_in_either_precision(split, tmp_path: Path, base: str) -> None:
    ways = {"here": {"device": "cuda"}, "mixed": {"device": "cuda", "precision": "amp"}, "there": {"device": "cpu"}}
    found = {name: losses(model(split, tmp_path / name, base, 2, **way)) for name, way in ways.items()}
    # Which boxes a detector learns from is drawn on the device itself.
    assert found["here"][0] == pytest.approx(found["there"][0], rel=0.3 if "mask" in base else 0.02)
    assert found["mixed"][0] == pytest.approx(found["here"][0], rel=0.05)
    assert found["mixed"] != found["here"]
    assert all(value.isfinite().all() for value in load_file(tmp_path / "mixed" / "checkpoint.safetensors").values())


def test_a_detector_finds_the_same_on_both(split, tmp_path: Path) -> None:
    folder = model(split, tmp_path / "detector", "mask-rcnn_mobilenetv2_toy.py", 12, device="cuda")
    here, there = (predict(folder, *split, RuntimeConfig(device=device))["bbox"] for device in ("cuda", "cpu"))
    best = [
        {r["image_id"]: r for r in reversed(found) if r["category_id"] == PERSON and r["score"] > 0.5}
        for found in (here, there)
    ]
    assert best[0].keys() == best[1].keys() and len(best[0]) > 3
    for image, found in best[0].items():
        assert found["score"] == pytest.approx(best[1][image]["score"], abs=0.01)
        assert found["bbox"] == pytest.approx(best[1][image]["bbox"], abs=0.5)
