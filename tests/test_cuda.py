"""What is said of CUDA devices, on one; everything else is tested on the CPU."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from anonbench.anonymize.registry import create
from anonbench.common.files import read_json
from anonbench.generators.kinds import training_class
from anonbench.generators.train import Schedule, train_generator
from anonbench.models.predict import predict
from anonbench.models.train import train
from tests.helpers.cuda import needs_cuda
from tests.helpers.people import person, picture, untrained, write_people
from tests.helpers.toysplit import PERSON, write_split

pytestmark = needs_cuda

MODELS = Path(__file__).resolve().parents[1] / "config" / "models"
NETWORKS = ["style_unet", "context_encoder"]
SIZE = {"region": "body", "width": 64, "height": 128, "channels": 8}
KILLED_AT = 6  # the step, two after the snapshot of the second epoch


@pytest.fixture(autouse=True)
def _exact(monkeypatch: pytest.MonkeyPatch):
    """Convolutions in full precision, as on the CPU; and one test's settings of this process do not reach the next."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    yield
    torch.use_deterministic_algorithms(False)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> dict:
    return write_people(tmp_path_factory.mktemp("people"))


def generator(people: dict, out: Path, network: str, device: str = "cuda", precision: str = "float32") -> Path:
    train_generator(
        **people,
        out_dir=out,
        settings={"network": network, **SIZE},
        schedule=Schedule(epochs=4, batch=6, snapshot_every=2, max_people=100, seed=3),
        device=device,
        precision=precision,
        threads=2,
    )
    return out


def first_losses(out: Path) -> dict[str, float]:
    return read_json(out / "log.json")["snapshots"][0]["losses"]


@pytest.mark.parametrize("network", NETWORKS)
def test_a_generator_learns_as_on_the_cpu(people: dict, tmp_path: Path, network: str) -> None:
    here, there = (first_losses(generator(people, tmp_path / device, network, device)) for device in ("cuda", "cpu"))
    assert here == pytest.approx(there, rel=0.05, abs=0.02)


@pytest.mark.parametrize("network", NETWORKS)
def test_an_interrupted_training_ends_in_the_same_bytes(
    people: dict, tmp_path: Path, network: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = generator(people, tmp_path / "whole", network)

    class Killed(BaseException):
        pass

    step = training_class(network).step

    def dying(self, number, *rest):
        if number == KILLED_AT:
            raise Killed
        return step(self, number, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(training_class(network), "step", dying)
        with pytest.raises(Killed):
            generator(people, tmp_path / "killed", network)
    resumed = generator(people, tmp_path / "killed", network)
    for name in ("generator.safetensors", "samples.png"):
        assert (resumed / name).read_bytes() == (expected / name).read_bytes()


@pytest.mark.parametrize("network", NETWORKS)
def test_mixed_precision_learns_about_the_same(people: dict, tmp_path: Path, network: str) -> None:
    mixed, full = (
        first_losses(generator(people, tmp_path / precision, network, precision=precision))
        for precision in ("amp", "float32")
    )
    assert mixed != full and mixed == pytest.approx(full, rel=0.2, abs=0.1)


@pytest.mark.parametrize("network", NETWORKS)
def test_the_same_seed_gives_the_same_bytes_and_never_shows_the_original(tmp_path: Path, network: str) -> None:
    file = untrained(tmp_path / "generator.safetensors", network)
    gan = create("gan", {"grow": 0.05, "coarseness": 0.02, "network": network}, [file], "cuda")
    assert next(gan.synthesizers[0].generator.parameters()).is_cuda
    crowd = [person(50, 10, 70), person(66, 12, 66)]
    image = picture(crowd, np.random.default_rng(0))
    hidden = np.where((crowd[0].mask | crowd[1].mask)[..., None], np.uint8(0), image)
    one, again, blind = (gan.anonymize(i, crowd, np.random.default_rng(1)) for i in (image, image, hidden))
    assert not one.fallbacks
    assert (one.image == again.image).all() and (one.image == blind.image).all()
    at_home = create("gan", {"grow": 0.05, "coarseness": 0.02, "network": network}, [file], "cpu")
    other = at_home.anonymize(image, crowd, np.random.default_rng(1)).image
    assert np.abs(one.image.astype(int) - other).mean() < 1


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_split(tmp_path_factory.mktemp("split"), images=9)


def model(split: tuple[Path, Path], folder: Path, base: str, epochs: int, **options) -> Path:
    folder.mkdir()
    config = folder / "model.py"
    config.write_text(f"_base_ = {str(MODELS / base)!r}\ntrain_cfg = dict(max_epochs={epochs})\n")
    files = {"annotations": split[0], "images_dir": split[1]}
    train(model_config=config, **files, out_dir=folder, seed=0, data_fingerprint="", **options)
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
    here, there = (predict(folder, *split, device=device)["detection"] for device in ("cuda", "cpu"))
    best = [
        {r["image_id"]: r for r in reversed(found) if r["category_id"] == PERSON and r["score"] > 0.5}
        for found in (here, there)
    ]
    assert best[0].keys() == best[1].keys() and len(best[0]) > 3
    for image, found in best[0].items():
        assert found["score"] == pytest.approx(best[1][image]["score"], abs=0.01)
        assert found["bbox"] == pytest.approx(best[1][image]["bbox"], abs=0.5)
