"""The records of a certificate, and its file."""

from __future__ import annotations

from typing import Literal

from anonbench.common.records import Record
from anonbench.report.certificate.subject import Subject
from anonbench.variants.audit import Audit

FORMAT = "anonbench certificate 1"


class Reached(Record):
    """What an attack reaches by one criterion, as of :func:`anonbench.report.risk.table.privacy_table`: fractions of 1.

    ``headline`` marks what a variant is judged by; ``idle`` an attack that links hardly more of the people in clear
    photographs than by their outlines, so that it says little here.
    """

    dataset: str
    attack: str
    surroundings: str
    setting: str
    gallery: int
    criterion: str
    headline: bool
    identities: int
    probes: int
    value: float
    low: float
    high: float
    control: float | None
    clear: float | None
    chance: float
    excess: float | None
    excess_low: float | None
    excess_high: float | None
    idle: bool


class Remembered(Record):
    """What an attack on the variant's generators found (:mod:`anonbench.attacks.attackers.memory`)."""

    dataset: str
    attack: str
    figures: dict[str, float]


class Covered(Record):
    """What became of everybody in a split of the certified dataset, or of one that was attacked in its place."""

    dataset: str
    split: str
    audit: Audit


class Cost(Record):
    """The drop of a model's leading metric, with its interval and verdict, as of :mod:`anonbench.report.drops`."""

    task: str
    model: str
    measure: str
    value: float | None
    baseline: float | None
    drop: float | None
    low: float | None
    high: float | None
    verdict: str
    seeds: int
    one_seed: bool


class File(Record):
    """A file that the certificate rests on."""

    path: str
    sha256: str


class Certificate(Record):
    """Everything that is known of a variant.

    ``bound`` is the headline: of all linking attacks, the row with the highest upper end of its excess. ``missing``
    says in sentences what is not known, ``limits`` what no such certificate shows. ``versions`` are of the library,
    Python, and the packages that compute.
    """

    format: Literal["anonbench certificate 1"] = FORMAT
    subject: Subject
    bound: Reached | None
    reached: list[Reached]
    remembered: list[Remembered]
    coverage: list[Covered]
    costs: list[Cost]
    missing: list[str]
    limits: list[str]
    files: list[File]
    versions: dict[str, str]
