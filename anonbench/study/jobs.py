"""The jobs of a study by rule, wildcards, log and outputs, as :mod:`rules` define them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from anonbench.config.cells import Variant, anonymized, images_of
from anonbench.config.config import Config
from anonbench.config.draws import with_draw
from anonbench.config.types import Region
from anonbench.datasets.format import Format, format_of
from anonbench.datasets.locate import FETCHED, locate, needed_roles, remote_files
from anonbench.models.config_files import model_config_weights
from anonbench.study.needs import attacks_of, cells_of, inspected_splits, learned_splits, trained_generators

VARIANT = "{region}-{method}-{level}{draw}"
RUN = "{dataset}/{model}/{variant}/seed{seed}"
COMPOSED = ("edits.json", "audit.json", "manifest.json")
CELL = RUN + "/{evaluated_on}"


@dataclass(frozen=True)
class Rule:
    """A rule of the workflow.

    Parameters
    ----------
    stage
        The stage that it belongs to.
    log
        Its logs below ``logs/<rule>/``, without suffix.
    outputs
        Files and folders that its jobs leave.
    about
        The wildcard by which costs are listed within the stage, if any.
    """

    stage: str
    log: str
    outputs: tuple[str, ...]
    about: str | None = None


_SUMMARY = ("summary.csv", "drops.csv", "privacy.csv", "audit.csv", "summary.md")
RULES = {
    "fetch_file": Rule(
        "datasets", "{dataset}/{file_name}", ("resources/archives/{dataset}/{file_name}",), about="dataset"
    ),
    "verify_file": Rule(
        "datasets", "{dataset}/{file_name}", ("resources/verified/{dataset}/{file_name}.json",), about="dataset"
    ),
    "convert_split": Rule(
        "datasets",
        "{dataset}/{split}",
        ("resources/datasets/{dataset}/images/{split}", "resources/datasets/{dataset}/annotations/{split}.json"),
        about="dataset",
    ),
    "check_originals": Rule(
        "datasets", "{dataset}/{split}", ("resources/variants/{dataset}/{split}/original",), about="dataset"
    ),
    "find_regions": Rule(
        "regions", "{dataset}/{split}/{region}", ("resources/regions/{dataset}/{split}/{region}.json",), about="region"
    ),
    "train_generator": Rule("generators", "{generator}", ("resources/generators/{generator}",), about="generator"),
    "deal_regions": Rule(
        "variants",
        "{dataset}/{split}/{region}-{shards}",
        ("resources/regions/{dataset}/{split}/{region}.shards/{shards}",),
    ),
    "anonymize_shard": Rule(
        "variants",
        f"{{dataset}}/{{split}}/{VARIANT}/{{shard}}-of-{{shards}}",
        (f"resources/variants/{{dataset}}/{{split}}/{VARIANT}/shards/{{shard}}-of-{{shards}}",),
        about="method",
    ),
    "compose_variant": Rule(
        "variants",
        f"{{dataset}}/{{split}}/{VARIANT}",
        tuple(f"resources/variants/{{dataset}}/{{split}}/{VARIANT}/{name}" for name in COMPOSED),
        about="method",
    ),
    "relabel": Rule("labels", RUN, (f"results/labels/{RUN}/train.json",), about="model"),
    "fetch_weights": Rule("models", "{weights}", ("resources/weights/{weights}.safetensors",), about="weights"),
    "train_model": Rule("models", RUN, (f"results/models/{RUN}",), about="model"),
    "predict": Rule("predictions", CELL, (f"results/predictions/{CELL}.json.gz",), about="model"),
    "score": Rule("cells", CELL, (f"results/cells/{CELL}.json",), about="model"),
    "resample": Rule("resamples", CELL, (f"results/resamples/{CELL}.npz",), about="model"),
    "diagnose": Rule("errors", CELL, (f"results/errors/{CELL}.json",), about="model"),
    "attack": Rule(
        "attacks",
        "{dataset}/{attacked}/{attack}",
        ("results/attacks/{dataset}/{attacked}/{attack}.json",),
        about="attack",
    ),
    "contrast": Rule("contrasts", RUN, (f"results/contrasts/{RUN}.json",), about="model"),
    "summarize": Rule("report", "", tuple(f"results/{name}" for name in _SUMMARY)),
}
STAGES = tuple(dict.fromkeys(rule.stage for rule in RULES.values()))


@dataclass(frozen=True)
class Job:
    """A job of the rule ``rule`` with these wildcards, in any order."""

    rule: str
    wildcards: dict[str, str]

    @property
    def stage(self) -> str:
        return RULES[self.rule].stage

    @property
    def about(self) -> str:
        """What it works on, within its stage; empty where it serves the whole stage."""
        about = RULES[self.rule].about
        return self.wildcards[about] if about else ""

    @property
    def log(self) -> Path:
        """Its log file, relative to the study's folder."""
        name = RULES[self.rule].log.format(**self.wildcards)
        return Path("logs", f"{self.rule}/{name}.log" if name else f"{self.rule}.log")

    @property
    def outputs(self) -> list[Path]:
        """The files and folders that it leaves, relative to the study's folder."""
        return [Path(output.format(**self.wildcards)) for output in RULES[self.rule].outputs]


@dataclass(frozen=True)
class Made:
    """A variant of a split that is anonymized."""

    dataset: str
    split: str
    variant: Variant

    @property
    def wildcards(self) -> dict[str, str]:
        region, method, level = self.variant.region, self.variant.method, self.variant.level
        named = {"dataset": self.dataset, "split": self.split, "region": region, "method": method, "level": level}
        return named | {"draw": with_draw("", self.variant.draw)}


class Study:
    """The work that a configuration's cells need for ``results/summary.csv``, each thing once.

    What the report alone needs, the jobs of ``diagnose``, ``contrast`` and ``report``, is no part of it. Reads of the
    datasets only what is there before they are fetched.

    Parameters
    ----------
    config
        The checked configuration.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.cells = cells_of(config)
        self.trainings = {(cell.dataset, cell.model, cell.variant, cell.seed) for cell in self.cells}
        self.attacks = attacks_of(config)
        self.remade = {
            (dataset, model, images_of(variant), seed)
            for dataset, model, variant, seed in self.trainings
            if images_of(variant) != variant
        }
        self.used = {one.dataset for one in (*self.cells, *self.attacks)}
        self.learned = {name: learned_splits(generator) for name, generator in trained_generators(config).items()}
        self.inspected = inspected_splits(config)
        self.splits = {(d, s) for d in self.used for s in ("train", "val")} | {
            split for splits in self.learned.values() for split in splits
        }
        self.splits |= {(dataset, split) for dataset, split, _ in self.inspected}
        self.made = {Made(dataset, split, Variant.parse(variant)) for dataset, split, variant in anonymized(self.cells)}
        self.made |= {
            Made(one.dataset, split, one.made) for one in self.attacks if one.made for split in ("train", "val")
        }

    @cached_property
    def formats(self) -> dict[str, Format]:
        """The format of every dataset that is used."""
        return {name: format_of(self.config.datasets[name]) for name in {name for name, _ in self.splits}}

    @cached_property
    def searched(self) -> set[tuple[str, str, Region]]:
        """Dataset, split and region of every search."""
        found = {(made.dataset, made.split, made.variant.region) for made in self.made}
        found |= {(one.dataset, split, one.region) for one in self.attacks for split in ("train", "val")}
        learned = ((name, split) for name, splits in self.learned.items() for split in splits)
        found |= {(*split, self.config.generator(name).region) for name, split in learned}
        return found | self.inspected

    @cached_property
    def weights(self) -> set[str]:
        """The published weights that models start from."""
        configs = {self.config.models[model].config for _, model, _, _ in self.trainings}
        return {name for config in configs for name in model_config_weights(config)}

    @cached_property
    def files(self) -> dict[tuple[str, str], bool]:
        """The published files, by dataset and role, that splits are read from, and whether a job fetches them."""
        found = {}
        for name in sorted({dataset for dataset, _ in self.splits}):
            source = self.formats[name]
            for role in needed_roles(source, [split for dataset, split in sorted(self.splits) if dataset == name]):
                local = not locate(name, source, role, self.config.archives).is_relative_to(FETCHED)
                # Behind a login, fetching is a user's own work.
                found[name, role] = not local and bool(remote_files(source)[role].urls)
        return found

    @cached_property
    def jobs(self) -> list[Job]:
        """Every job of the study, as if nothing of it existed."""
        return list(self._jobs())

    def jobs_of(self, stage: str) -> list[Job]:
        """The jobs of a stage."""
        return [job for job in self.jobs if job.stage == stage]

    def _jobs(self) -> Iterator[Job]:
        for (name, role), fetched in self.files.items():
            wildcards = {"dataset": name, "file_name": remote_files(self.formats[name])[role].file_name}
            if fetched:
                yield Job("fetch_file", wildcards)
            yield Job("verify_file", wildcards)
        for dataset, split in sorted(self.splits):
            yield Job("convert_split", {"dataset": dataset, "split": split})
        for dataset in sorted(self.used):
            for split in ("train", "val"):
                yield Job("check_originals", {"dataset": dataset, "split": split})
        for dataset, split, region in sorted(self.searched):
            yield Job("find_regions", {"dataset": dataset, "split": split, "region": region})
        for name in self.learned:
            yield Job("train_generator", {"generator": name})
        for dataset, split, region in sorted({(m.dataset, m.split, m.variant.region) for m in self.made}):
            shards = str(self.config.datasets[dataset].shards)
            yield Job("deal_regions", {"dataset": dataset, "split": split, "region": region, "shards": shards})
        for made in sorted(self.made, key=lambda made: list(made.wildcards.values())):
            shards = self.config.datasets[made.dataset].shards
            for shard in range(1, shards + 1):
                yield Job("anonymize_shard", made.wildcards | {"shard": str(shard), "shards": str(shards)})
            yield Job("compose_variant", made.wildcards)
        for name in sorted(self.weights):
            yield Job("fetch_weights", {"weights": name})
        for rule, runs in (("relabel", self.remade), ("train_model", self.trainings)):
            for dataset, model, variant, seed in sorted(runs):
                yield Job(rule, {"dataset": dataset, "model": model, "variant": variant, "seed": str(seed)})
        for rule in ("predict", "score", "resample"):
            for cell in self.cells:
                run = {"dataset": cell.dataset, "model": cell.model, "variant": cell.variant, "seed": str(cell.seed)}
                yield Job(rule, run | {"evaluated_on": cell.evaluated_on})
        for one in self.attacks:
            yield Job("attack", {"dataset": one.dataset, "attacked": one.variant, "attack": one.attack})
        yield Job("summarize", {})
