"""Train a generator on the people of some splits; an interrupted training resumes to the bit."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from anonbench.common.devices import be_deterministic, keep_freed_memory, pick_device, use_onednn_for_1x1_convolutions
from anonbench.common.errors import UserError
from anonbench.common.files import read_made, sha256_file
from anonbench.common.stopping import Clock, Request, Stopped
from anonbench.config.generators import GeneratorConfig
from anonbench.generators.batches import batches, step_seed
from anonbench.generators.crops import read_crops
from anonbench.generators.features import Features, vgg_features
from anonbench.generators.files import write_generator
from anonbench.generators.inception import Inception
from anonbench.generators.kind import Kind
from anonbench.generators.log import Log, Snapshot
from anonbench.generators.quality import measure
from anonbench.generators.shape import Shape
from anonbench.generators.sheet import write_sheet
from anonbench.generators.snapshots import Snapshots
from anonbench.generators.splits import SplitFiles
from anonbench.regions.landmarks import LANDMARKS

log = logging.getLogger(__name__)


def train_generator(
    kind: Kind,
    splits: Sequence[SplitFiles],
    *,
    out_dir: Path,
    device: str,
    precision: str,
    threads: int,
) -> None:
    """Write ``generator.safetensors``, ``samples.png`` and ``log.json`` into ``out_dir``; the log is last.

    Snapshots (weights, sample sheet) are kept beside them in ``snapshots``, with the state from which an interrupted
    training resumes: that of the last snapshot, of ten minutes ago at most, or of when the process was asked to end.

    Parameters
    ----------
    kind
        The kind of generator with its configuration: its size, how long it learns, and the seed of everything random.
    splits
        Those to learn from. A body's keypoints are those of the first one's people.
    out_dir
        The generator's folder.
    device
        ``auto``, ``cpu``, ``cuda`` or a device of that kind.
    precision
        ``float32``, or ``amp`` for mixed precision on CUDA.
    threads
        Of this process's tensor operators, and how many batches are prepared at once.

    Raises
    ------
    UserError
        If the splits have no usable people, an image is missing or another one than was annotated, the network cannot
        have this size, or a loss is not finite.
    Stopped
        If the process was asked to end.
    """
    torch.set_num_threads(threads)
    keep_freed_memory()
    place = torch.device(pick_device(device))
    be_deterministic(place)
    config = kind.config
    names = LANDMARKS if config.region == "face" else keypoint_names(read_made(splits[0].annotations))
    shape = Shape.of(config, names)
    crops = read_crops(splits, shape.size, names, config.max_people)
    per_epoch = max(1, len(crops) // config.batch)
    total = per_epoch * config.epochs

    torch.manual_seed(config.seed)
    perceptual, inception = _configured_networks(config, place)
    training = use_onednn_for_1x1_convolutions(kind.training(shape, total, perceptual), place)
    training = training.to(place, memory_format=torch.channels_last)
    digests = [sha256_file(path) for files in splits for path in (files.annotations, files.regions)]
    inputs = [config.learning(), shape.model_dump(), precision, *digests]
    snapshots = Snapshots(out_dir, inputs)
    progress = snapshots.resume(training, place)
    source = batches(crops, training.coarseness, config, range(progress.done, total), threads)
    bar = tqdm(total=total, initial=progress.done, desc=out_dir.name, unit="step", mininterval=1)
    clock = Clock()
    with bar, Request() as request:
        for number, (given, real) in zip(range(progress.done, total), source, strict=True):
            random = torch.Generator().manual_seed(step_seed(config.seed, number))
            with torch.autocast(place.type, torch.bfloat16, enabled=precision == "amp" and place.type == "cuda"):
                step = training.step(number, given.to(place), real.to(place), random)
            values = dict(zip(step, torch.stack([value.float() for value in step.values()]).tolist(), strict=True))
            _check_finite(values, number, out_dir, snapshots.folder)
            progress.add(values)
            bar.set_postfix({name: f"{value:.2f}" for name, value in progress.losses.items()}, refresh=False)
            bar.update()
            epoch, rest = divmod(number + 1, per_epoch)
            if not rest and (epoch % config.snapshot_every == 0 or epoch == config.epochs):
                quality = measure(training.trained, crops, config.seed, place, inception)
                progress.snapshots.append(Snapshot(epoch, number + 1, progress.losses, quality))
                log.info("%s, epoch %d: %s", out_dir.name, epoch, quality.rounded())
                file = snapshots.folder / f"epoch{epoch:04d}.safetensors"
                write_sheet(file.with_suffix(".png"), training.trained, crops, config.seed, place)
                write_generator(file, training.trained, shape)
                snapshots.save(training, progress)
                clock.restart()
            elif clock.rings or request.signal:
                snapshots.save(training, progress)
                clock.restart()
            if request.signal and progress.done < total:
                raise Stopped(request.signal)
    write_generator(out_dir / "generator.safetensors", training.trained, shape)
    write_sheet(out_dir / "samples.png", training.trained, crops, config.seed, place)
    Log(len(crops), total, progress.snapshots).write(out_dir / "log.json")
    snapshots.finish()


def keypoint_names(split: dict[str, Any]) -> list[str]:
    """The names of a split's people's keypoints; empty where they have none."""
    person = next(category for category in split["categories"] if category.get("is_person"))
    return person.get("keypoints") or []


def _configured_networks(config: GeneratorConfig, device: torch.device) -> tuple[Features | None, Inception | None]:
    """The networks for the perceptual loss and for FID, where their weights are configured."""
    vgg16, inception = config.vgg16, config.inception
    perceptual = vgg_features(Path(vgg16.file), vgg16.sha256) if vgg16 else None
    return perceptual, Inception(Path(inception.file), inception.sha256).to(device) if inception else None


def _check_finite(values: dict[str, float], number: int, out_dir: Path, snapshots: Path) -> None:
    wrong = [name for name, value in values.items() if not np.isfinite(value)]
    if wrong:
        raise UserError(
            f"The training of the generator {out_dir.name} broke at step {number + 1}: not finite: {', '.join(wrong)}.",
            f"Look at the sheets in {snapshots}; lower the resolution, choose another seed, or use float32.",
        )
