"""What is known of a training while it runs and afterwards."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from anonbench.common.files import write_json
from anonbench.generators.quality import Quality

# Steps within which the averages of losses forget.
FORGET = 50


@dataclass(frozen=True)
class Snapshot:
    """A training after an epoch.

    Parameters
    ----------
    epoch, step
        How many were done.
    losses
        Running averages by name.
    quality
        Measures of the generator at that point.
    """

    epoch: int
    step: int
    losses: dict[str, float]
    quality: Quality


@dataclass
class Progress:
    """How far a training is: steps done, earlier snapshots, and the losses' running averages."""

    done: int = 0
    snapshots: list[Snapshot] = field(default_factory=list)
    losses: dict[str, float] = field(default_factory=dict)

    def add(self, losses: dict[str, float]) -> None:
        """Count one more step, whose losses these are."""
        self.done += 1
        forget = 1 / min(FORGET, self.done)
        self.losses = {
            name: self.losses.get(name, value) * (1 - forget) + value * forget for name, value in losses.items()
        }

    def to_json(self) -> str:
        """Everything, with every digit."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Progress:
        """The inverse of :meth:`to_json`."""
        found = json.loads(text)
        snapshots = [Snapshot(**record | {"quality": Quality(**record["quality"])}) for record in found["snapshots"]]
        return cls(found["done"], snapshots, found["losses"])


@dataclass(frozen=True)
class Log:
    """A finished training: from how many people it learned, in how many steps, and its snapshots in order."""

    people: int
    steps: int
    snapshots: list[Snapshot]

    def write(self, path: Path) -> None:
        """Write it as JSON; measures are rounded, and those that were not taken left out."""
        write_json(path, {"people": self.people, "steps": self.steps, "snapshots": [*map(_plain, self.snapshots)]})


def _plain(snapshot: Snapshot) -> dict[str, Any]:
    return asdict(snapshot) | {"quality": snapshot.quality.rounded()}
