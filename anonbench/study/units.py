"""Unit costs: what a unit of work takes, on which machine; those that ship with the library, and measured ones.

A unit cost is named by what is done and what does it, such as ``train mask-rcnn_mobilenetv2_demo``. The functions below
make the names; each says what the unit is.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

from anonbench.common.records import Record
from anonbench.config.generators import GeneratorConfig
from anonbench.study import costs


class Unit(Record):
    """What a unit of work takes: CPU seconds of a ``core``, or wall-clock seconds of a ``gpu``, of that machine."""

    seconds: float
    on: Literal["core", "gpu"]
    machine: str


Units = dict[str, Unit]

# A megapixel converted, checked or searched for faces, a scene rendered, a person's outline, an image of a cell scored,
# one matched or drawn a thousand times, one looked through for errors, and one of two models compared.
CONVERT, CHECK, RENDER, OUTLINE, FACE_SEARCH = "convert", "check", "render", "outline", "face search"
SCORE, RESAMPLE, DIAGNOSE, CONTRAST = "score", "resample", "diagnose", "contrast"


def startup(rule: str) -> str:
    """A job of a rule, before its work begins; of rules whose work is not counted, the whole job."""
    return f"startup {rule}"


def anonymize(method: str) -> str:
    """A megapixel of images with regions, for methods that no network does."""
    return f"anonymize {method}"


def attack(plugin: str) -> str:
    """A photograph of a person, attacked by that plug-in."""
    return f"attack {plugin}"


def synthesize(generator: GeneratorConfig) -> str:
    """A person and megapixel of a generator's resolution, of generators of that size."""
    return f"synthesize {_size(generator.width, generator.height, generator.channels)}"


def learn(generator: GeneratorConfig) -> str:
    """A person, epoch and megapixel of a generator's resolution, in the training of generators of that size."""
    return f"learn {_size(generator.width, generator.height, generator.channels)}"


def train(config: str) -> str:
    """A sample and epoch of a model, by its MM config: an image, or of top-down poses a person."""
    return f"train {Path(config).stem}"


def predict(config: str) -> str:
    """A sample on which a trained model is run."""
    return f"predict {Path(config).stem}"


def shipped() -> Units:
    """The unit costs of :mod:`anonbench.study.costs` but those of models, which go by the beginnings of their names."""
    size = _size(costs.NETWORK_WIDTH, costs.NETWORK_HEIGHT, costs.NETWORK_CHANNELS)
    megapixels = costs.NETWORK_WIDTH * costs.NETWORK_HEIGHT / 1e6
    core = {
        CONVERT: costs.CONVERT,
        CHECK: costs.CHECK,
        RENDER: costs.RENDER,
        OUTLINE: costs.BODY_OUTLINE,
        FACE_SEARCH: costs.FACE_SEARCH,
        SCORE: costs.SCORE,
        RESAMPLE: costs.RESAMPLE,
        DIAGNOSE: costs.DIAGNOSE,
        CONTRAST: costs.CONTRAST,
        f"synthesize {size}": costs.SYNTHESIZE / megapixels,
        f"learn {size}": costs.GENERATOR / megapixels,
        **{anonymize(method): seconds for method, seconds in costs.ANONYMIZE.items()},
        **{attack(plugin): seconds for plugin, seconds in costs.ATTACK.items()},
        **{startup(rule): seconds for rule, seconds in costs.STARTUP.items()},
    }
    megapixels = costs.GPU_WIDTH * costs.GPU_HEIGHT / 1e6
    gpu = {f"learn {_size(costs.GPU_WIDTH, costs.GPU_HEIGHT, costs.GPU_CHANNELS)}": costs.GPU_GENERATOR / megapixels}
    return {name: Unit(seconds=value, on="core", machine=costs.CORE) for name, value in core.items()} | {
        name: Unit(seconds=value, on="gpu", machine=costs.GPU) for name, value in gpu.items()
    }


def find(units: Units, name: str) -> Unit | None:
    """The unit cost of that name, else the one that comes closest, else None.

    For a model that is the shipped one, by the beginning of its name; for predictions a share of the training; for a
    generator the narrowest one that is at least as wide, of these the closest in pixels.

    Parameters
    ----------
    units
        Unit costs by name: the shipped ones, measured ones in place of them.
    name
        As the functions above make it.
    """
    if name in units:
        return units[name]
    work, _, rest = name.partition(" ")
    if work == "train":
        return _shipped_training(rest)
    if work == "predict":
        training = find(units, f"train {rest}")
        return training and training.model_copy(update={"seconds": training.seconds * costs.evaluation_share(rest)})
    if work in ("learn", "synthesize"):
        return _closest(units, work, rest)
    return None


def _size(width: int, height: int, channels: int) -> str:
    return f"{width}x{height}x{channels}"


def _closest(units: Units, work: str, size: str) -> Unit | None:
    width, height, channels = map(int, size.split("x"))

    def distance(other: str) -> tuple[int, float]:
        x, y, wide = map(int, other.removeprefix(f"{work} ").split("x"))
        return wide, abs(math.log(x * y / (width * height)))

    fitting = [name for name in units if name.startswith(f"{work} ") and distance(name)[0] >= channels]
    return units[min(fitting, key=distance)] if fitting else None


def _shipped_training(config: str) -> Unit | None:
    training = costs.training_of(config)
    if training is None:
        return None
    machine = costs.GPU if training.on == "gpu" else costs.CORE
    return Unit(seconds=training.seconds, on=training.on, machine=machine)
