"""What is said of training generators on CUDA devices, on one; everything else is tested on the CPU."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from anonbench.common.files import read_json
from anonbench.config.plugins import KINDS
from anonbench.generators.kind import Kind
from anonbench.generators.train import train_generator
from anonbench.generators.training import Training
from tests.helpers.cuda import needs_cuda
from tests.helpers.people import generator_config, split_of, write_people

pytestmark = needs_cuda

BOTH = ["style_unet", "context_encoder"]
KILLED_AT = 6  # the step, two after the snapshot of the second epoch


@pytest.fixture(autouse=True)
def _exact(monkeypatch: pytest.MonkeyPatch):
    """Convolutions in full precision, as on the CPU; and one test's settings of this process do not reach the next."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    yield
    torch.use_deterministic_algorithms(False)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_people(tmp_path_factory.mktemp("people"))


def kind_of(name: str) -> Kind:
    return KINDS.create(name, generator_config(name, width=64, height=128, channels=8, batch=6))


def trained(people: dict, out: Path, kind: Kind, device: str = "cuda", precision: str = "float32") -> Path:
    train_generator(kind, [split_of(people)], out_dir=out, device=device, precision=precision, threads=2)
    return out


def first_losses(out: Path) -> dict[str, float]:
    return read_json(out / "log.json")["snapshots"][0]["losses"]


@pytest.mark.parametrize("name", BOTH)
def test_a_generator_learns_as_on_the_cpu(people: dict, tmp_path: Path, name: str) -> None:
    gpu, cpu = (first_losses(trained(people, tmp_path / d, kind_of(name), d)) for d in ("cuda", "cpu"))
    assert gpu == pytest.approx(cpu, rel=0.05, abs=0.02)


@pytest.mark.parametrize("name", BOTH)
def test_an_interrupted_training_ends_in_the_same_bytes(people: dict, tmp_path: Path, name: str) -> None:
    expected = trained(people, tmp_path / "whole", kind_of(name))

    class Killed(BaseException):
        pass

    class Dying(type(kind_of(name))):
        def training(self, *args) -> Training:
            training = super().training(*args)
            step = training.step

            def dying(number, *inputs):
                if number == KILLED_AT:
                    raise Killed
                return step(number, *inputs)

            training.step = dying
            return training

    with pytest.raises(Killed):
        trained(people, tmp_path / "killed", Dying(kind_of(name).config))
    resumed = trained(people, tmp_path / "killed", kind_of(name))
    for file in ("generator.safetensors", "samples.png"):
        assert (resumed / file).read_bytes() == (expected / file).read_bytes()


@pytest.mark.parametrize("name", BOTH)
def test_mixed_precision_learns_about_the_same(people: dict, tmp_path: Path, name: str) -> None:
    mixed, full = (
        first_losses(trained(people, tmp_path / precision, kind_of(name), precision=precision))
        for precision in ("amp", "float32")
    )
    assert mixed != full and mixed == pytest.approx(full, rel=0.2, abs=0.1)
