"""Pretrained weights from outside: fetched, verified, and rewritten as safetensors, which cannot hold code."""

from __future__ import annotations

import contextlib
import logging
import pickle
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from anonbench.common.download import DownloadError, Patience, download
from anonbench.common.errors import UserError
from anonbench.common.files import sha256_file
from anonbench.common.partial import Part
from anonbench.common.tensors import write_tensors
from anonbench.config.weights import WeightsConfig

log = logging.getLogger(__name__)

# Bytes; the file and its copy are on the disk at once, and the copy in memory. The largest here has 178 MB.
LARGEST = 2 * 10**9


def fetch_weights(weights: WeightsConfig, target: Path) -> None:
    """Fetch published weights, verify them and write their tensors to ``target`` as safetensors.

    Parameters
    ----------
    weights
        ``url`` is the address of a torch file: a state dict, or a checkpoint with one under ``state_dict``. ``sha256``
        is the file's, or its first 8 or more hexadecimal digits, as torchvision and OpenMMLab publish them in file
        names. Eight digits reveal a damaged file, not a forged one: nothing of the file is ever run. ``file`` names the
        same file on this machine, which is used instead of the address.
    target
        Written whole or not at all; it says the address and the whole hash.

    Raises
    ------
    UserError
        If the file cannot be fetched, is too large, has another hash, or does not hold weights alone.
    """
    url, file = weights.url, Path(weights.file) if weights.file else None
    part = Part(target)
    with contextlib.ExitStack() as stack:
        if file is None:
            stack.enter_context(part.opened())
            _download(url, part)
        try:
            tensors, actual = read_weights(file or part.path, weights.sha256, called=str(file or url))
        finally:
            if file is None:
                part.forget()
    log.info("%s: %d tensors, SHA-256 %s", file or url, len(tensors), actual)
    write_tensors(target, tensors, {"url": url, "sha256": actual})


def read_weights(path: Path, sha256: str, *, called: str) -> tuple[dict[str, Tensor], str]:
    """The tensors of a torch file by name, and the file's SHA-256; nothing but tensors is unpickled.

    Raises
    ------
    UserError
        If the file is missing, too large, has another hash, or does not hold weights alone.
    """
    if not path.is_file():
        raise UserError(f"{called} does not exist.", "Correct `file` in the configuration's weights.")
    if path.stat().st_size > LARGEST:
        raise UserError(f"{called} is larger than {LARGEST / 1e9:.0f} GB.", "Name a file of weights alone.")
    actual = sha256_file(path)
    if not actual.startswith(sha256):
        raise UserError(
            f"{called} has the wrong checksum: its SHA-256 {actual} does not begin with {sha256}.",
            "Fetch it again; if you trust this file, correct `sha256` in the configuration's weights.",
        )
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise UserError(
            f"{called} does not hold weights alone ({str(error).splitlines()[0] if str(error) else 'no content'}).",
            "Name a file of tensors: other content could run code, and is never loaded.",
        ) from None
    tensors = _state_dict(content)
    if not tensors:
        raise UserError(f"{called} holds no tensors by name.", "Name a file of weights.")
    return tensors, actual


def _state_dict(content: Any) -> dict[str, Tensor]:
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        content = content["state_dict"]
    if not isinstance(content, dict):
        return {}
    # Cloned, because safetensors refuses tensors that share memory.
    return {n: t.detach().clone().contiguous() for n, t in content.items() if isinstance(n, str) and torch.is_tensor(t)}


def _download(url: str, part: Part) -> None:
    """Download into the partial file, resuming what an earlier attempt left."""
    try:
        download(url, part, name=url.rsplit("/", 1)[-1], size=LARGEST // 2, exact=False, patience=Patience())
    except DownloadError as error:
        raise UserError(
            f"{url} could not be downloaded ({error}).",
            "Download it by hand and name the file under `file` beside its `url` in the configuration's weights.",
        ) from None
