"""Files of tensors: safetensors, with a digest of the content, which the format itself does not have.

What is said of the tensors stands, with the digest, under one key of the metadata: of several keys, safetensors writes
the order at random, and the same content would have other bytes each time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from anonbench.common.errors import UserError
from anonbench.common.files import MAKE_AGAIN, write_bytes

KEY = "anonbench"


def write_tensors(path: Path, tensors: Mapping[str, Tensor], facts: dict[str, Any]) -> None:
    """Write tensors by name, with what is said of them as plain values; the same content gives the same bytes."""
    here = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    said = json.dumps({"facts": facts, "digest": _digest(here, facts)}, sort_keys=True)
    write_bytes(path, save(here, metadata={KEY: said}))


def read_tensors(path: Path, fix: str = MAKE_AGAIN) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors of a file, on the CPU, and the facts that :func:`write_tensors` was given.

    A safetensors file from elsewhere has no digest, and nothing is said of its tensors.

    Raises
    ------
    UserError
        If the file is missing, is not safetensors, or its content is not what was written; it says ``fix``.
    """
    try:
        with safe_open(path, "pt") as file:
            said = json.loads((file.metadata() or {}).get(KEY, "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise UserError(f"{path} does not exist.", "Run the workflow again, which makes it.") from None
    except (SafetensorError, json.JSONDecodeError) as error:
        raise UserError(f"{path} is damaged ({error}).", fix) from None
    facts = said.get("facts", {})
    if "digest" in said and said["digest"] != _digest(tensors, facts):
        raise UserError(f"{path} is damaged (its tensors are not those that were written).", fix)
    return tensors, facts


def _digest(tensors: Mapping[str, Tensor], facts: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for name, value in sorted(tensors.items()):
        digest.update(f"\n{name} {value.dtype} {[*value.shape]}\n".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()
