"""Which metrics score a task of a split, and in which modules they are."""

from __future__ import annotations

from collections.abc import Iterable

from anonbench.config.plugins import METRICS, TASKS
from anonbench.evaluate.metric import Metric
from anonbench.evaluate.records import Record
from anonbench.evaluate.task import Task

DEFAULT_PROTOCOL = "coco"


def metrics_for(split: Record, task: Task) -> list[Metric]:
    """The metrics of a task: the rule of the split's protocol, or COCO's where that has none for it, then all others.

    Parameters
    ----------
    split
        In the common form; ``info.protocol`` names its protocol, COCO's unless it does.

    Raises
    ------
    ValueError
        If there is no such protocol.
    """
    every: list[Metric] = [METRICS.create(name, {}) for name in METRICS.names()]
    rules = [metric for metric in every if metric.protocol is not None]
    protocol = split.get("info", {}).get("protocol", DEFAULT_PROTOCOL)
    if protocol not in (known := sorted({metric.protocol for metric in rules})):
        raise ValueError(f"There is no protocol {protocol!r}, only {', '.join(known)}.")
    rule = [metric for metric in rules if metric.applies(protocol, task)]
    beside = [metric for metric in every if metric.protocol is None and metric.applies(protocol, task)]
    return (rule or [metric for metric in rules if metric.applies(DEFAULT_PROTOCOL, task)]) + beside


def task_modules(tasks: Iterable[str]) -> list[str]:
    """The modules of tasks.

    Raises
    ------
    UserError
        If there is no such task.
    """
    return [TASKS.module(task) for task in sorted(set(tasks))]


def scoring_modules(tasks: Iterable[str]) -> list[str]:
    """The modules of tasks, and of every metric that may score one of them; errors as in :func:`task_modules`."""
    tasks = set(tasks)
    kinds = {TASKS[task].kind for task in tasks}
    metrics = [name for name in METRICS.names() if kinds & set(METRICS[name].kinds)]
    return [*task_modules(tasks), *map(METRICS.module, metrics)]
