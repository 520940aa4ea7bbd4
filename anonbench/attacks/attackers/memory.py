"""The attacker who looks for the people whom a generator learned from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from anonbench.attacks.attack import Attack, Case, Outcome
from anonbench.config.privacy import AttackConfig
from anonbench.config.types import Positive


class Config(AttackConfig):
    """``people``: how many of the people it learned from are looked at, and as many of others; ``draws``: how many
    people are generated in the place of each; ``resamples``: of the bootstrap of the intervals."""

    attack: Literal["memory"]
    people: Annotated[int, Field(ge=4)] = 300
    draws: Positive = 4
    resamples: Positive = 1000


class Memory(Attack):
    """Asks a generator, whose file the attacker has, for people, and tells from them whom it learned from.

    The attacker also has the surroundings, outline and pose of everybody, and takes those for training people who look
    most like one of the people generated in their place (Chen et al., "GAN-Leaks", CCS 2020).
    Of several generators the one that remembers most counts, test by test.
    """

    Config = Config
    config: Config
    needs_generator = True

    def attack(self, case: Case) -> Outcome:
        # Not above: torch takes its time.
        from anonbench.attacks.remembering import Looks, read_people, remembered, worst

        looks = Looks.of(case.recipe, self.config.people, self.config.draws, case.seed)
        found = []
        for learned in case.learned:
            people = read_people(learned, looks, case.device)
            found.append(remembered(people, looks, self.config.resamples))
        return Outcome(figures=worst(found))
