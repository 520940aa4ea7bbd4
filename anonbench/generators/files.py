"""A generator's file: safetensors with its shape, never a pickle."""

from __future__ import annotations

from pathlib import Path

import torch
from pydantic import ValidationError
from torch import nn

from anonbench.common.devices import use_onednn_for_1x1_convolutions
from anonbench.common.errors import UserError
from anonbench.common.tensors import read_tensors, write_tensors
from anonbench.config.plugins import KINDS
from anonbench.generators.generator import Generator
from anonbench.generators.shape import Shape

# A file that claims more than this is not one of ours.
LARGEST = 2**31


def build(shape: Shape) -> Generator:
    """The untrained network.

    Raises
    ------
    UserError
        If there is no such kind of generator, or the network cannot have this size.
    """
    return KINDS[shape.kind].network(shape)


def write_generator(path: Path, generator: nn.Module, shape: Shape) -> None:
    """Write a generator's weights and shape."""
    write_tensors(path, generator.state_dict(), {"shape": shape.model_dump(mode="json")})


def read_generator(path: Path, device: torch.device) -> tuple[Generator, Shape]:
    """A trained generator in evaluation mode, and its shape.

    Raises
    ------
    UserError
        If the file is missing, too large, damaged, of a kind that does not exist, or does not hold the tensors that its
        shape asks for.
    """
    fix = "Delete the generator's folder and run the workflow again."
    if path.is_file() and path.stat().st_size > LARGEST:
        raise UserError(f"{path} is larger than any generator.", fix)
    weights, facts = read_tensors(path, fix)
    try:
        shape = Shape.model_validate(facts.get("shape"))
        generator = build(shape)
        generator.load_state_dict(weights)
    except (ValidationError, RuntimeError) as error:
        raise UserError(f"{path} is not a generator of this version ({str(error).splitlines()[0]}).", fix) from None
    use_onednn_for_1x1_convolutions(generator.eval().requires_grad_(False), device)
    return generator.to(device, memory_format=torch.channels_last), shape
