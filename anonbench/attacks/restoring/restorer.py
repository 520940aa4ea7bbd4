"""What every way to restore pictures owes."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from anonbench.attacks.attack import Case
from anonbench.attacks.people import Album


class Restorer(ABC):
    """Undoes an anonymization, as far as it can be undone."""

    @abstractmethod
    def learn(self, case: Case) -> None:
        """Learn from the known people and the recipe; the targets must not be looked at."""

    @abstractmethod
    def restored(self, people: Album) -> np.ndarray:
        """Pictures (N, height, width, 3) uint8 RGB at the size at which people are compared."""
