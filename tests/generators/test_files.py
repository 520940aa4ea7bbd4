"""A generator's file: what was written is read again, anything else is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from anonbench.common.errors import UserError
from anonbench.generators.files import build, read_generator, write_generator
from anonbench.generators.shape import Shape

SHAPE = Shape(kind="style_unet", region="face", width=32, height=32, channels=4)


def test_a_generator_says_its_shape(tmp_path: Path) -> None:
    write_generator(tmp_path / "g.safetensors", build(SHAPE), SHAPE)
    assert read_generator(tmp_path / "g.safetensors", torch.device("cpu"))[1] == SHAPE


def _pickle(path: Path) -> None:
    torch.save({"a": torch.zeros(3)}, path)


def _truncated(path: Path) -> None:
    write_generator(path, build(SHAPE), SHAPE)
    path.write_bytes(path.read_bytes()[:-100])


def _without_shape(path: Path) -> None:
    save_file({"a": torch.zeros(3)}, path)


def _of_another_shape(path: Path) -> None:
    write_generator(path, build(SHAPE), SHAPE.model_copy(update={"channels": 8}))


@pytest.mark.parametrize("spoil", [_pickle, _truncated, _without_shape, _of_another_shape])
def test_a_foreign_file_is_refused(tmp_path: Path, spoil) -> None:
    spoil(tmp_path / "g.safetensors")
    with pytest.raises(
        UserError, match="g.safetensors is (not a generator of this version|damaged) .*Delete the generator's folder"
    ):
        read_generator(tmp_path / "g.safetensors", torch.device("cpu"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="none.safetensors does not exist"):
        read_generator(tmp_path / "none.safetensors", torch.device("cpu"))


def test_a_file_of_a_kind_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    write_generator(tmp_path / "g.safetensors", build(SHAPE), SHAPE.model_copy(update={"kind": "style_unett"}))
    with pytest.raises(UserError, match="no kind of generator 'style_unett'. Did you mean 'style_unet'?"):
        read_generator(tmp_path / "g.safetensors", torch.device("cpu"))
