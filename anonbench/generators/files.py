"""A generator's file: safetensors with its shape, never a pickle."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from anonbench.common.devices import use_onednn_for_1x1_convolutions
from anonbench.common.errors import UserError
from anonbench.common.files import write_bytes
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
    weights = {name: value.detach().to("cpu").contiguous() for name, value in generator.state_dict().items()}
    write_bytes(path, save(weights, metadata={"shape": json.dumps(shape.model_dump(), sort_keys=True)}))


def read_generator(path: Path, device: torch.device) -> tuple[Generator, Shape]:
    """A trained generator in evaluation mode, and its shape.

    Raises
    ------
    UserError
        If the file is missing, too large, not safetensors, of a kind that does not exist, or does not hold the tensors
        that its shape asks for.
    """
    fix = "Delete the generator's folder and run the workflow again."
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"{path} is larger than any generator.", fix)
        with safe_open(path, "pt") as file:
            shape = Shape.model_validate_json((file.metadata() or {}).get("shape", ""))
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        generator = build(shape)
        generator.load_state_dict(weights)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist.", "Run the workflow, which trains it.") from None
    except (SafetensorError, ValidationError, RuntimeError) as error:
        raise UserError(f"{path} is not a generator of this version ({str(error).splitlines()[0]}).", fix) from None
    use_onednn_for_1x1_convolutions(generator.eval().requires_grad_(False), device)
    return generator.to(device, memory_format=torch.channels_last), shape
