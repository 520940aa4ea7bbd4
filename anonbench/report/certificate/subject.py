"""What a certificate is about: known before anything is measured."""

from __future__ import annotations

from typing import Any

from anonbench.common.records import Record
from anonbench.config.types import Region


class Attack(Record):
    """An attack as configured: its plug-in, what the attacker does and knows (the plug-in's docstring, a line for each
    paragraph), and the parameters."""

    name: str
    plugin: str
    does: str
    parameters: dict[str, Any]


class Subject(Record):
    """What is certified, as the configuration has it.

    Parameters
    ----------
    dataset
        Of the study, whose variant is judged.
    variant
        Its name.
    region, method, level
        Of the variant.
    plugin, does, parameters, share, seed
        The plug-in that anonymizes, what it does, its parameters, which share of people it anonymizes, and what
        everything random follows from.
    attacked
        The datasets whose people were attacked in its place.
    attacks
        The attacks that were made on them.
    not_tried
        The kinds of attack that apply and were not made.
    generators
        The names of the generators that make people; none where the method uses none.
    configuration
        Everything of the configuration that decides these figures.
    code
        The digest of the code of each step.
    confidence, margin
        Of the intervals, and the drop that counts as none.
    """

    dataset: str
    variant: str
    region: Region
    method: str
    level: str
    plugin: str
    does: str
    parameters: dict[str, Any]
    share: float
    seed: int
    attacked: list[str]
    attacks: list[Attack]
    not_tried: list[str]
    generators: list[str]
    configuration: dict[str, Any]
    code: dict[str, str]
    confidence: float
    margin: float
