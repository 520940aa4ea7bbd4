"""Where torch computes, and how its memory is kept."""

from __future__ import annotations

import ctypes
import os

import torch
from torch import nn

from anonbench.common.errors import UserError

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h


def keep_freed_memory() -> None:
    """Let glibc keep the memory of freed tensors for the next step instead of giving it back to the system.

    Page faults on fresh memory are a quarter of a CPU training's time otherwise.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_MMAP_THRESHOLD, 32 << 20)  # the largest that glibc accepts
        libc.mallopt(M_TRIM_THRESHOLD, 512 << 20)


def use_onednn_for_1x1_convolutions(model: nn.Module, device: str | torch.device) -> nn.Module:
    """Let 1 x 1 convolutions on a CPU run on oneDNN's kernels; the model itself is returned.

    With one thread and small batches, torch takes a slower kernel for them unless they are strided or dilated, and
    dilation changes nothing about a kernel of one pixel. (``ConvParams::use_mkldnn`` in torch's ``Convolution.cpp``.)
    """
    if torch.device(device).type == "cpu":
        for module in model.modules():
            if isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1) and module.stride == (1, 1):
                module.dilation = (2, 2)
    return model


def pick_device(device: str) -> str:
    """``auto`` becomes ``cuda`` where a CUDA device is available and ``cpu`` elsewhere.

    Raises
    ------
    UserError
        If torch does not know the device or CUDA is asked for and missing.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        kind = torch.device(device).type
    except RuntimeError:
        raise UserError(f"The device {device!r} is unknown.", "Choose auto, cpu or cuda.") from None
    if kind == "cuda" and not torch.cuda.is_available():
        raise UserError(f"The device {device!r} is not available on this machine.", "Choose auto or cpu.")
    return device


def be_deterministic(device: str | torch.device) -> None:
    """Let this process's CUDA operators give the same bytes for the same input; on a CPU they do anyway.

    To be called before the first of them. Those that have no deterministic form warn.
    """
    if torch.device(device).type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS reads it when it is loaded
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.utils.deterministic.fill_uninitialized_memory = False  # nothing here reads it
