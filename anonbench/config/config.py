"""The whole configuration as one typed record."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import ValidationError

from anonbench.common.errors import UserError
from anonbench.common.plugins import NamedBy, use_folders
from anonbench.common.root import ROOT
from anonbench.common.validation import Model, explained
from anonbench.config.datasets import DatasetConfig
from anonbench.config.draws import without_draw
from anonbench.config.generators import DEFAULT_KIND, GeneratorConfig
from anonbench.config.methods import level_config, level_share, params_of, plugin_of
from anonbench.config.models import ModelConfig
from anonbench.config.plugins import ATTACKS, FORMATS, KINDS
from anonbench.config.privacy import AttackConfig, PrivacyBlock
from anonbench.config.regions import RegionsConfig
from anonbench.config.report import ReportConfig
from anonbench.config.runtime import RuntimeConfig
from anonbench.config.statistics import StatisticsConfig
from anonbench.config.study import Block
from anonbench.config.types import NonEmpty, Region
from anonbench.config.variants import VariantsConfig
from anonbench.config.weights import WeightsConfig


class Config(Model):
    """The whole configuration, one key per section."""

    plugins: list[str] = []
    archives: list[str] = []
    shared: str | None = None
    costs: str | None = None
    datasets: dict[str, Annotated[DatasetConfig, NamedBy(FORMATS, "format")]]
    regions: RegionsConfig = RegionsConfig()
    variants: VariantsConfig = VariantsConfig()
    methods: dict[str, dict[str, dict[str, Any]]]
    generators: dict[str, Annotated[GeneratorConfig, NamedBy(KINDS, "kind", DEFAULT_KIND)]] = {}
    weights: dict[str, WeightsConfig] = {}
    models: dict[str, ModelConfig]
    study: Annotated[list[Block], NonEmpty]
    attacks: dict[str, Annotated[AttackConfig, NamedBy(ATTACKS, "attack")]] = {}
    privacy: list[PrivacyBlock] = []
    statistics: StatisticsConfig = StatisticsConfig()
    report: ReportConfig = ReportConfig()
    runtime: RuntimeConfig = RuntimeConfig()

    def method_config(self, method: str, level: str, region: Region) -> Model:
        """A method's validated parameters at a level for a region."""
        return level_config(method, self.methods[method][level], region, f"methods.{method}.{level}")

    def method_plugin(self, method: str, level: str, region: Region) -> str:
        """The name of the plug-in that anonymizes a region with a method at a level."""
        return plugin_of(method, params_of(self.methods[method][level], region))

    def method_share(self, method: str, level: str, region: Region) -> float:
        """The share of people that is anonymized with a method at a level for a region."""
        return level_share(self.methods[method][level], region, f"methods.{method}.{level}")

    def generator(self, name: str) -> GeneratorConfig:
        """The generator of that name, which may be that of a draw."""
        base, draw = without_draw(name)
        return self.generators[base].redrawn(draw)

    def generators_for(self, dataset: str, region: Region, kind: str) -> list[str]:
        """The names of the generators of that kind that serve a dataset's region; its people are shared among them.

        Raises
        ------
        UserError
            If there is none.
        """
        wanted = region, kind
        found = [n for n, g in self.generators.items() if dataset in g.serves and (g.region, g.kind) == wanted]
        if not found:
            raise UserError(
                f"The {region} regions of {dataset} need a generator of kind {kind}, but none is configured.",
                f"Let an entry of generators with region {region} and kind {kind} serve {dataset}.",
            )
        return found


def read_config(raw: dict[str, Any]) -> Config:
    """A configuration as a typed record. What it names may still not exist: see :mod:`anonbench.study.checks`.

    Raises
    ------
    UserError
        For the first mistake: an unknown or misspelt key, an unknown format or kind of generator, or a value of the
        wrong type or range.
    """
    folders = raw.get("plugins", []) if isinstance(raw, dict) else []
    if not isinstance(folders, list):
        raise UserError(f"plugins is {folders!r}.", "Write a list of folders.")
    use_folders(map(str, folders))
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        raise explained(error) from None


def default_file() -> Path:
    """The default configuration: the study's own ``config/config.yaml`` where there is one, else the workflow's."""
    own = Path("config/config.yaml")
    return own if own.is_file() else ROOT / own


def with_defaults(raw: dict[str, Any], defaults: Path) -> dict[str, Any]:
    """A study's configuration on top of the default one: mappings are merged, anything else is replaced."""
    return _merged(yaml.safe_load(defaults.read_text(encoding="utf-8")), raw)


def _merged(below: Any, above: Any) -> Any:
    if isinstance(below, dict) and isinstance(above, dict):
        return below | {key: _merged(below.get(key), value) for key, value in above.items()}
    return above
