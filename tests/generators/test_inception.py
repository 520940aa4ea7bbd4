"""FID through torch-fidelity: its own network and metric, from a file of the user's with the configured hash."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from torch_fidelity import feature_extractor_inceptionv3 as source
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

from anonbench.common.errors import UserError
from anonbench.common.files import sha256_file
from anonbench.generators.inception import Inception
from anonbench.generators.quality import frechet, measure
from tests.generators.test_quality import CPU, Copying
from tests.helpers.people import crops_of, write_people


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of random weights in torch-fidelity's layout: the published ones cannot be fetched in a test."""
    path = tmp_path_factory.mktemp("inception") / "weights.pth"
    torch.manual_seed(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "load_state_dict_from_url", lambda *_, **__: None)
        patch.setattr(source.FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
        network = source.FeatureExtractorInceptionV3("random", ["2048"])
    torch.save(network.state_dict(), path)
    return path


@pytest.fixture(scope="module")
def inception(weights: Path) -> Inception:
    return Inception(weights, sha256_file(weights))


def test_features_are_torch_fidelitys(weights: Path, inception: Inception) -> None:
    images = torch.randint(0, 256, (2, 3, 48, 24), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    reference = source.FeatureExtractorInceptionV3("same", ["2048"], str(weights))(images)[0]
    assert torch.equal(inception(images / 127.5 - 1), reference)


def test_the_distance_is_torch_fidelitys() -> None:
    rng = torch.Generator().manual_seed(0)
    one, two = torch.randn(60, 12, generator=rng), torch.randn(50, 12, generator=rng) * 1.5 + 0.3
    expected = fid_statistics_to_metric(*(fid_features_to_statistics(x.double()) for x in (one, two)), verbose=False)
    assert frechet(one, two) == pytest.approx(expected["frechet_inception_distance"], rel=1e-6)


def test_it_is_measured_where_weights_are_configured(inception: Inception, tmp_path: Path) -> None:
    files = write_people(tmp_path, images=3)
    crops = crops_of(files, (32, 64))
    copies, others = (measure(Copying(crops, shift), crops, 0, CPU, inception) for shift in (0.0, 0.5))
    assert copies.rounded()["fid"] == pytest.approx(0, abs=1e-3)
    assert others.fid > copies.fid
    assert "fid" not in measure(Copying(crops, 0.0), crops, 0, CPU).rounded()


class Harmful:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


def test_another_file_is_refused_and_never_unpickled(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not have the configured SHA-256"):
        Inception(weights, "0" * 64)
    path, trace = tmp_path / "other.pth", tmp_path / "trace"
    torch.save({"Conv2d_1a_3x3.conv.weight": torch.zeros(3)}, path)
    with pytest.raises(UserError, match="does not hold torch-fidelity's Inception"):
        Inception(path, sha256_file(path))
    torch.save({"weight": Harmful(trace)}, path)
    with pytest.raises(UserError, match="does not hold Inception weights"):
        Inception(path, sha256_file(path))
    assert not trace.exists()
