"""How much work a job is, in the units that :mod:`anonbench.study.units` has costs of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from anonbench.config.cells import ORIGINAL, Variant
from anonbench.config.plugins import METHODS
from anonbench.config.privacy import Attacked
from anonbench.datasets.format import SplitSize
from anonbench.models.config_files import find_model_config
from anonbench.study import costs, units
from anonbench.study.jobs import Job, Study
from anonbench.study.needs import generator_names, inspected, looked_at

PEOPLE = "the number of people of some datasets"


@dataclass(frozen=True)
class Work:
    """So many units of a work, and what to say where nobody knows what one costs."""

    unit: str
    amount: float
    unknown: str = ""


class UnknownAmount(Exception):
    """How much work a job is cannot be told; the message says what is not known."""


class WorkOf:
    """The work of a study's jobs.

    Parameters
    ----------
    study
        The study.
    sizes
        The size of every split that is used, by dataset and split; None where it is not known.
    """

    def __init__(self, study: Study, sizes: Mapping[tuple[str, str], SplitSize | None]) -> None:
        self._study = study
        self._config = study.config
        self._sizes = sizes

    def __call__(self, job: Job) -> list[Work]:
        """What a job does, beside its start; nothing where only small files are read and written.

        Raises
        ------
        UnknownAmount
            If the size of its split is not known, or not all that counts of it.
        """
        find = getattr(self, f"_{job.rule}", None)
        return find(**job.wildcards) if find else []

    @cached_property
    def epochs(self) -> dict[str, int | None]:
        """The epochs of every model that is trained; None where its config does not count in epochs."""
        # Here because nothing else that Snakemake plans with needs MMEngine.
        from mmengine.config import Config as ModelConfig

        models = {model for _, model, _, _ in self._study.trainings}
        files = {model: find_model_config(self._config.models[model].config) for model in models}
        configs = {model: ModelConfig.fromfile(file) for model, file in files.items()}
        return {model: read.get("train_cfg", {}).get("max_epochs") for model, read in configs.items()}

    def size(self, dataset: str, split: str) -> SplitSize:
        """The size of a split, or :class:`UnknownAmount`."""
        size = self._sizes[dataset, split]
        if size is None:
            raise UnknownAmount(f"{dataset} {split}, whose size is not known before it is fetched")
        return size

    def _convert_split(self, dataset: str, split: str) -> list[Work]:
        size = self.size(dataset, split)
        if self._study.formats[dataset].RENDERED:
            return [Work(units.RENDER, size.images)]
        return [Work(units.CONVERT, _megapixels(size, size.images))]

    def _check_originals(self, dataset: str, split: str) -> list[Work]:
        size = self.size(dataset, split)
        return [Work(units.CHECK, _megapixels(size, size.images))]

    def _find_regions(self, dataset: str, split: str, region: str) -> list[Work]:
        """Where nothing tells the faces, as it is taken here, the detector looks for them."""
        size = self.size(dataset, split)
        if region == "face":
            return [Work(units.FACE_SEARCH, _megapixels(size, size.images))]
        return [Work(units.OUTLINE, _people(size))]

    def _train_generator(self, generator: str) -> list[Work]:
        found = self._config.generator(generator)
        people = sum(min(_people(self.size(*split)), found.max_people) for split in self._study.learned[generator])
        return [_network(units.learn(found), people * found.epochs * found.width * found.height / 1e6)]

    def _anonymize_shard(
        self, dataset: str, split: str, region: str, method: str, level: str, draw: str, shard: str, shards: str
    ) -> list[Work]:
        size = self.size(dataset, split)
        generators = generator_names(self._config, dataset, method, level, region)
        if not generators:
            images = size.images if size.occupied is None else size.occupied
            amount = _megapixels(size, images) / int(shards)
            return [Work(units.anonymize(method), amount, f"the speed of the method {method}")]
        people = _people(size) * self._config.method_share(method, level, region) / int(shards) / len(generators)
        found = [self._config.generators[name] for name in generators]
        return [_network(units.synthesize(one), people * one.width * one.height / 1e6) for one in found]

    def _relabel(self, dataset: str, model: str, variant: str, seed: str) -> list[Work]:
        config = self._config.models[model].config
        return [Work(units.predict(config), self._samples(dataset, "train", model), _speed(model))]

    def _train_model(self, dataset: str, model: str, variant: str, seed: str) -> list[Work]:
        self._require_everything(variant)
        epochs = self.epochs[model]
        if epochs is None:
            raise UnknownAmount(_speed(model))
        config = self._config.models[model].config
        return [Work(units.train(config), epochs * self._samples(dataset, "train", model), _speed(model))]

    def _predict(self, dataset: str, model: str, variant: str, seed: str, evaluated_on: str) -> list[Work]:
        config = self._config.models[model].config
        return [Work(units.predict(config), self._samples(dataset, "val", model), _speed(model))]

    def _score(self, dataset: str, model: str, variant: str, seed: str, evaluated_on: str) -> list[Work]:
        return [Work(units.SCORE, self.size(dataset, "val").images)]

    def _resample(self, dataset: str, model: str, variant: str, seed: str, evaluated_on: str) -> list[Work]:
        thousands = self._config.statistics.resamples / 1000
        return [Work(units.RESAMPLE, self.size(dataset, "val").images * (1 + thousands))]

    def _diagnose(self, dataset: str, model: str, variant: str, seed: str, evaluated_on: str) -> list[Work]:
        return [Work(units.DIAGNOSE, self.size(dataset, "val").images)]

    def _attack(self, dataset: str, attacked: str, attack: str) -> list[Work]:
        plugin = self._config.attacks[attack].attack
        people = sum(_people(self.size(dataset, split)) for split in ("train", "val"))
        for generator in inspected(self._config, Attacked(dataset, attacked, attack)):
            people += sum(min(_people(self.size(*split)), generator.max_people) for split in looked_at(generator))
        return [Work(units.attack(plugin), people, f"the speed of the attack {plugin}")]

    def _contrast(self, dataset: str, model: str, variant: str, seed: str) -> list[Work]:
        return [Work(units.CONTRAST, self.size(dataset, "val").images)]

    def _require_everything(self, variant: str) -> None:
        """:class:`UnknownAmount` for a variant that leaves out images or labels."""
        made = Variant.parse(variant)
        if made.method == ORIGINAL:
            return
        if METHODS[self._config.method_plugin(made.method, made.level, made.region)].drops:
            raise UnknownAmount(f"training on what {made.method} leaves of a dataset")

    def _samples(self, dataset: str, split: str, model: str) -> int:
        size = self.size(dataset, split)
        return _people(size) if self._config.models[model].tasks == ["pose"] else size.images


def _megapixels(size: SplitSize, images: int) -> float:
    return images * (size.pixels or costs.USUAL_PIXELS) / 1e6


def _people(size: SplitSize) -> int:
    if size.people is None:
        raise UnknownAmount(PEOPLE)
    return size.people


def _network(unit: str, amount: float) -> Work:
    channels = unit.split("x")[-1]
    where = "training" if unit.startswith("learn") else "making people with"
    return Work(unit, amount, f"{where} a generator of {channels} channels, of which none that wide was measured")


def _speed(model: str) -> str:
    return f"the speed of the model {model}"
