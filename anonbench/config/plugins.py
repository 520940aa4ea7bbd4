"""Every kind of plug-in, for what names or finds them without loading any."""

from __future__ import annotations

from anonbench.common.plugins import Plugins

FORMATS = Plugins("anonbench.datasets.formats", "dataset format")
KINDS = Plugins("anonbench.generators.kinds", "kind of generator")
METHODS = Plugins("anonbench.anonymize.methods", "anonymization method")
ATTACKS = Plugins("anonbench.attacks.attackers", "attack")
TASKS = Plugins("anonbench.evaluate.tasks", "task")
METRICS = Plugins("anonbench.evaluate.metrics", "metric")
FIGURES = Plugins("anonbench.report.figures", "figure")
