"""A generator's file: safetensors with its settings, never a pickle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from anonbench.common.devices import hasten_pointwise
from anonbench.common.errors import UserError
from anonbench.common.files import write_bytes
from anonbench.generators.kinds import network_class

# A file that claims more than this is not one of ours.
LARGEST = 2**31


class Shape(BaseModel):
    """What decides a generator's tensors.

    ``width`` and ``height`` are those of the network's window in px, ``channels`` the width of its finest stage, and
    ``keypoint_names`` those of the dataset that it learned from, by which it is told another dataset's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    network: Literal["style_unet", "context_encoder"]
    region: Literal["face", "body"]
    width: Annotated[int, Field(ge=16, le=1024)]
    height: Annotated[int, Field(ge=16, le=1024)]
    channels: Annotated[int, Field(ge=1, le=512)]
    keypoint_names: Annotated[tuple[str, ...], Field(max_length=256)] = ()

    @property
    def keypoints(self) -> int:
        """The number of keypoints that it is told."""
        return len(self.keypoint_names)


def build(shape: Shape) -> nn.Module:
    """The untrained network.

    Raises
    ------
    UserError
        If the network cannot have this size.
    """
    try:
        network = network_class(shape.network)
        return network(shape.width, shape.height, shape.channels, shape.keypoint_names, shape.region)
    except ValueError as error:
        raise UserError(f"The generator {shape.network} {error}.", "Change the generator's size.") from None


def write_generator(path: Path, generator: nn.Module, shape: Shape) -> None:
    """Write a generator's weights and shape."""
    weights = {name: value.detach().to("cpu").contiguous() for name, value in generator.state_dict().items()}
    write_bytes(path, save(weights, metadata={"shape": json.dumps(shape.model_dump(), sort_keys=True)}))


def read_generator(path: Path, device: torch.device) -> tuple[nn.Module, Shape]:
    """A trained generator in evaluation mode, and its shape.

    Raises
    ------
    UserError
        If the file is missing, too large, not safetensors, or does not hold the tensors that its shape asks for.
    """
    mend = "Delete the generator's folder and run the workflow again."
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"{path} is larger than any generator.", mend)
        with safe_open(path, "pt") as file:
            shape = Shape.model_validate_json((file.metadata() or {}).get("shape", ""))
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        generator = build(shape)
        generator.load_state_dict(weights)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist.", "Run the workflow, which trains it.") from None
    except (SafetensorError, ValidationError, RuntimeError) as error:
        raise UserError(f"{path} is not a generator of this version ({str(error).splitlines()[0]}).", mend) from None
    hasten_pointwise(generator.eval().requires_grad_(False), device)
    return generator.to(device, memory_format=torch.channels_last), shape
