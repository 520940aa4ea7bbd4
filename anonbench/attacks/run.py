"""Runs one attack on one variant."""

from __future__ import annotations

import logging

import numpy as np

from anonbench.attacks.attack import Case
from anonbench.attacks.reading import check_disjoint
from anonbench.attacks.record import AttackResult
from anonbench.config.plugins import ATTACKS
from anonbench.config.privacy import AttackConfig, Attacked

log = logging.getLogger(__name__)


def run_attack(attacked: Attacked, config: AttackConfig, case: Case) -> AttackResult:
    """What an attack reaches.

    Parameters
    ----------
    attacked
        Which one it is.
    config
        Its plug-in and parameters.
    case
        What the attacker has.

    Raises
    ------
    UserError
        If the attacker would learn from those who are attacked.
    """
    check_disjoint(case.known, case.targets)
    outcome = ATTACKS.create(config.attack, config).attack(case)
    for linked in outcome.linked:
        first = np.mean([not better and not tied for better, tied in zip(linked.better, linked.tied, strict=True)])
        log.info("%s: rank-1 %.3f of %d probes in a gallery of %d", linked.setting, first, len(linked.better),
                 linked.gallery)  # fmt: skip
    for name, value in outcome.figures.items():
        log.info("%s: %.4g", name, value)
    return AttackResult(
        dataset=attacked.dataset,
        variant=attacked.variant,
        region=attacked.region,
        attack=attacked.attack,
        plugin=config.attack,
        seed=config.seed,
        surroundings=config.surroundings,
        known=len(set(case.known.clear.identities.tolist())),
        targets=len(set(case.targets.clear.identities.tolist())),
        photographs=len(case.known) + len(case.targets),
        linked=outcome.linked,
        inferred=outcome.inferred,
        found=outcome.found,
        figures=outcome.figures,
    )
