"""Fetched weights in a model: all of a backbone, or all but the layers for other classes of a whole model."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from anonbench.common.errors import UserError
from anonbench.models.openmmlab.fetched_weights import FetchedWeights, load_into


def network(classes: int = 3) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, classes))


def saved(path, module, without=(), more=()):
    tensors = {k: v.clone() for k, v in module.state_dict().items() if k not in without}
    save_file({**tensors, **dict(more)}, path)
    return path


def test_every_tensor_is_loaded_and_what_is_more_is_left_out(tmp_path):
    torch.manual_seed(0)
    source, target = network(), network()
    more = {"fc.weight": torch.ones(2)}
    file = saved(tmp_path / "w.safetensors", source, without=["1.num_batches_tracked"], more=more)
    FetchedWeights(str(file))(target)
    for name, value in source.state_dict().items():
        assert torch.equal(target.state_dict()[name], value)
    assert all(layer.is_init for layer in target)


def test_a_missing_tensor_is_an_error_and_changes_nothing(tmp_path):
    target = network()
    before = {k: v.clone() for k, v in target.state_dict().items()}
    file = saved(tmp_path / "w.safetensors", network(), without=["0.weight"])
    for differ in (False, True):
        with pytest.raises(UserError, match="does not fit Sequential: 1 of 9 tensors are missing.*0.weight"):
            load_into(target, file, classes_may_differ=differ)
    assert all(torch.equal(before[k], v) for k, v in target.state_dict().items())


def test_layers_for_other_classes_keep_their_values_only_where_that_is_allowed(tmp_path):
    source, target = network(5), network(3)
    file = saved(tmp_path / "w.safetensors", source)
    kept = target[2].weight.clone()
    with pytest.raises(UserError, match="2 have another shape"):
        load_into(target, file)
    assert load_into(target, file, classes_may_differ=True) == ["2.weight", "2.bias"]
    assert torch.equal(target[2].weight, kept) and torch.equal(target[0].weight, source[0].weight)


def test_files_that_cannot_be_used(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        load_into(network(), tmp_path / "missing.safetensors")
    (tmp_path / "bad.safetensors").write_bytes(b"not tensors")
    with pytest.raises(UserError, match="bad.safetensors is damaged"):
        load_into(network(), tmp_path / "bad.safetensors")
