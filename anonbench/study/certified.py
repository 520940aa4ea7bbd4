"""The variants of a study that are certified, and what their certificates rest on."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from anonbench.anonymize.outside.identity import file_digests
from anonbench.config.cells import Variant, anonymized
from anonbench.config.config import Config
from anonbench.config.plugins import ATTACKS, METHODS
from anonbench.config.privacy import CLEAR, CONTROL, Attacked, anchor
from anonbench.report.certificate.subject import Attack, Subject
from anonbench.study.needs import attacks_of, cells_of, generator_names, kind_of, served_by


@dataclass(frozen=True, order=True)
class Certified:
    """A variant of a dataset of the study that is certified."""

    dataset: str
    variant: Variant

    @property
    def path(self) -> str:
        """Its file without suffix, relative to the working directory."""
        return f"results/certificates/{self.dataset}/{self.variant}"


def certified(config: Config) -> list[Certified]:
    """Every attacked variant, for each dataset of the study that the attacks judge, sorted."""
    serves, made = served_by(config), {(one.dataset, one.made) for one in attacks_of(config) if one.made}
    return sorted(
        {
            Certified(served, variant)
            for attacked, variant in made
            for dataset, region, served in serves
            if (dataset, region) == (attacked, variant.region)
        }
    )


def attacks_on(config: Config, one: Certified) -> list[Attacked]:
    """The attacks that judge a variant of a dataset."""
    asked = one.variant.region, one.dataset
    judging = {dataset for dataset, region, served in served_by(config) if (region, served) == asked}
    return [found for found in attacks_of(config) if found.made == one.variant and found.dataset in judging]


def anchors_on(config: Config, one: Certified) -> list[Attacked]:
    """The same attacks on the anchors."""
    names = {anchor(one.variant.region, kind) for kind in (CLEAR, CONTROL)}
    asked = {(found.dataset, found.attack) for found in attacks_on(config, one)}
    return [found for found in attacks_of(config) if found.variant in names and (found.dataset, found.attack) in asked]


def splits_of(config: Config, one: Certified) -> list[tuple[str, str]]:
    """Dataset and split of everything that is anonymized as the variant: for the study, and to be attacked."""
    own = {(d, s) for d, s, v in anonymized(cells_of(config)) if (d, v) == (one.dataset, str(one.variant))}
    return sorted(own | {(found.dataset, split) for found in attacks_on(config, one) for split in ("train", "val")})


def generators_on(config: Config, one: Certified) -> list[str]:
    """The names of the generators that make the variant's people, of the study's and of the attacked datasets."""
    made = one.variant
    kind = kind_of(config, made.method, made.level, made.region)
    served = {
        dataset
        for generator in config.generators.values()
        if (generator.region, generator.kind) == (made.region, kind)
        for dataset in generator.serves
    }
    datasets = served & {one.dataset, *(found.dataset for found in attacks_on(config, one))}
    parts = made.method, made.level, made.region, made.draw
    return sorted({name for dataset in datasets for name in generator_names(config, dataset, *parts)})


def subject_of(config: Config, one: Certified, code: dict[str, str]) -> Subject:
    """What is certified.

    Parameters
    ----------
    config
        The checked configuration.
    one
        The variant.
    code
        The digest of the code of each step.
    """
    made, parts = one.variant, (one.variant.method, one.variant.level, one.variant.region)
    plugin = config.method_plugin(*parts)
    asked = attacks_on(config, one)
    names = sorted({found.attack for found in asked})
    parameters = config.method_config(*parts)
    return Subject(
        dataset=one.dataset,
        variant=str(made),
        region=made.region,
        method=made.method,
        level=made.level,
        plugin=plugin,
        does=_does(METHODS[plugin]),
        parameters=parameters.model_dump(mode="json"),
        share=config.method_share(*parts),
        seed=config.variants.seed + made.draw,
        attacked=sorted({found.dataset for found in asked}),
        attacks=[_attack(config, name) for name in names],
        not_tried=_not_tried(config, one, names),
        generators=generators_on(config, one),
        configuration=_configuration(config, one, names) | {"files": file_digests(getattr(parameters, "command", []))},
        code=code,
        confidence=config.statistics.confidence,
        margin=config.statistics.margin,
    )


def _attack(config: Config, name: str) -> Attack:
    parameters = config.attacks[name]
    return Attack(
        name=name,
        plugin=parameters.attack,
        does=_does(ATTACKS[parameters.attack]),
        parameters=parameters.model_dump(mode="json", exclude={"attack"}),
    )


def _does(plugin: type) -> str:
    """A plug-in's docstring, a line for each of its paragraphs."""
    return "\n".join(" ".join(part.split()) for part in (inspect.getdoc(plugin) or "").split("\n\n"))


def _not_tried(config: Config, one: Certified, names: list[str]) -> list[str]:
    """The kinds of attack that exist, apply to the variant, and were not made on it."""
    made = one.variant
    learned = kind_of(config, made.method, made.level, made.region) is not None
    tried = {config.attacks[name].attack for name in names}
    return [
        kind
        for kind in ATTACKS.names()
        if kind not in tried and made.region in ATTACKS[kind].regions and (learned or not ATTACKS[kind].needs_generator)
    ]


def _configuration(config: Config, one: Certified, attacks: list[str]) -> dict[str, Any]:
    """What decides the figures of a certificate, as plain values."""
    made = one.variant

    def plain(record: Any) -> Any:
        return record.model_dump(mode="json")

    datasets = sorted({one.dataset, *(found.dataset for found in attacks_on(config, one))})
    blocks = [block for block in config.privacy if one.dataset in block.serves and made.region in block.regions]
    return {
        "methods": {made.method: {made.level: config.methods[made.method][made.level]}},
        "variants": plain(config.variants),
        "regions": plain(config.regions),
        "datasets": {name: plain(config.datasets[name]) for name in datasets},
        "generators": {name: plain(config.generator(name)) for name in generators_on(config, one)},
        "attacks": {name: plain(config.attacks[name]) for name in attacks},
        "privacy": [plain(block) for block in blocks],
        "statistics": plain(config.statistics),
    }
