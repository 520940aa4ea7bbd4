"""What a step costs on a CUDA device: time, how long the device is busy, kernels, waits and memory."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

CUDA = torch.cuda.is_available()
WARM_UP, PROFILED = 4, 2
WAITS = ("StreamSynchronize", "DeviceSynchronize", "EventSynchronize")


@dataclass
class Cost:
    """What steps cost; times in ms, memory in GiB."""

    step: float
    busy: float = 0.0
    kernels: float = 0.0
    waits: float = 0.0
    memory: float = 0.0
    loaded: float = 0.0  # images per second


def measure(step: Callable[[Any], Any], ready: list[Any], steps: int) -> Cost:
    """Steps on batches that are ready."""
    feed = itertools.cycle(ready)
    if not CUDA:
        started = time.perf_counter()
        with profile(activities=[ProfilerActivity.CPU]) as found:
            step(next(feed))
        operators = sum(event.count for event in found.key_averages() if event.key.startswith("aten::"))
        return Cost(1e3 * (time.perf_counter() - started), kernels=operators)
    torch.cuda.reset_peak_memory_stats()
    for _ in range(max(WARM_UP, len(ready))):
        step(next(feed))
    seconds = []
    for _ in range(steps):
        torch.cuda.synchronize()
        started = time.perf_counter()
        step(next(feed))
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    cost = Cost(1e3 * statistics.median(seconds), memory=torch.cuda.max_memory_allocated() / 2**30)
    cost.busy, cost.kernels, cost.waits = profiled(lambda: step(next(feed)))
    return cost


def profiled(step: Callable[[], Any]) -> tuple[float, float, float]:
    """Busy ms, kernels and copies, and waits of a step."""
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA], acc_events=True) as found:
        for _ in range(PROFILED):
            step()
        torch.cuda.synchronize()
    events = found.profiler.kineto_results.events()
    on_device = sorted(
        (e.start_ns(), e.start_ns() + e.duration_ns())
        for e in events
        if e.device_type() == DeviceType.CUDA and not e.is_user_annotation()
    )
    busy = until = 0
    for start, end in on_device:
        busy += max(0, end - max(start, until))
        until = max(until, end)
    waits = sum(e.device_type() == DeviceType.CPU and e.name().endswith(WAITS) for e in events) - 1
    return busy / PROFILED / 1e6, len(on_device) / PROFILED, waits / PROFILED
