"""Train a generator on the people of one split, with snapshots from which a killed training goes on."""

from __future__ import annotations

import io
import json
import logging
import shutil
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from anonbench.common.devices import be_deterministic, hasten_pointwise, keep_freed_memory, pick_device
from anonbench.common.errors import UserError
from anonbench.common.files import read_json, sha256_file, sha256_of, write_bytes, write_json
from anonbench.generators.condition import Conditions, conditions
from anonbench.generators.crops import Crops, read_crops, sample_views
from anonbench.generators.features import vgg_features
from anonbench.generators.files import Shape, write_generator
from anonbench.generators.inception import Inception
from anonbench.generators.kinds import training_class
from anonbench.generators.quality import measure, originals
from anonbench.generators.sheet import write_sheet
from anonbench.generators.training import Recipe
from anonbench.regions.anatomy import mirror_partners

# In training a region grows by up to this fraction of its longer side, so that one generator serves every level.
GROW = 0.0, 0.06
# The displayed losses are averages that forget within about so many steps.
FORGET = 50
STATE = "state.pt"  # of the last snapshot

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Schedule:
    """How long a generator learns.

    ``epochs`` passes over at most ``max_people`` people in batches of ``batch``, a snapshot every ``snapshot_every``
    epochs, everything random drawn from ``seed``.
    """

    epochs: int
    batch: int
    snapshot_every: int
    max_people: int
    seed: int


def train_generator(
    *,
    annotations: Path,
    regions: Path,
    images_dir: Path,
    out_dir: Path,
    settings: dict[str, Any],
    schedule: Schedule,
    texture: str | None = None,
    vgg16: dict[str, str] | None = None,
    inception: dict[str, str] | None = None,
    device: str,
    precision: str,
    threads: int,
) -> None:
    """Write ``generator.safetensors``, ``samples.png`` and ``log.json`` into ``out_dir``; the log is last.

    Snapshots (weights, sample sheet) are kept beside them in ``snapshots``.

    Parameters
    ----------
    annotations, regions, images_dir
        The split to learn from: its annotations, region file and original images.
    out_dir
        The generator's folder.
    settings
        Network, region, width, height and channels (:class:`.files.Shape` without its keypoints, whose
        names are the dataset's, for bodies).
    schedule
        How long.
    texture
        For a network whose recipe has several: what of the details is held to that of real people.
    vgg16
        ``file`` and ``sha256`` of torchvision's VGG-16 weights, for the perceptual loss.
    inception
        ``file`` and ``sha256`` of torch-fidelity's Inception weights, to measure FID.
    device
        ``auto``, ``cpu``, ``cuda`` or a device of that kind.
    precision
        ``float32``, or ``amp`` for mixed precision on CUDA.
    threads
        Of this process's tensor operators, and how many batches are prepared at once.

    Raises
    ------
    UserError
        If the split has no usable people, the network cannot have this size, or a loss is not finite.
    """
    torch.set_num_threads(threads)
    keep_freed_memory()
    place = torch.device(pick_device(device))
    be_deterministic(place)
    split = read_json(annotations)
    names = _keypoint_names(split) if settings["region"] == "body" else []
    shape = Shape(**settings, keypoint_names=names)
    size, partners = (shape.width, shape.height), mirror_partners(names)
    crops = read_crops(regions, images_dir, size, partners, schedule.max_people)
    per_epoch = max(1, len(crops) // schedule.batch)
    total = per_epoch * schedule.epochs

    torch.manual_seed(schedule.seed)
    features = vgg_features(Path(vgg16["file"]), vgg16["sha256"]) if vgg16 else None
    judge = Inception(Path(inception["file"]), inception["sha256"]).to(place) if inception else None
    options = {"texture": texture} if texture else {}
    recipe = hasten_pointwise(training_class(shape.network)(shape, total, features, **options), place)
    recipe = recipe.to(place, memory_format=torch.channels_last)
    settled = [shape.model_dump(), asdict(schedule), texture, vgg16, inception, precision]
    snapshots = _snapshots(out_dir, settled, annotations, regions)
    done, records, losses = _resume(snapshots, recipe, place)
    source = batches(crops, recipe, schedule, range(done, total), threads)
    with tqdm(total=total, initial=done, desc=out_dir.name, unit="step", mininterval=1) as bar:
        for number, (given, real) in zip(range(done, total), source, strict=True):
            random = torch.Generator().manual_seed(step_seed(schedule.seed, number))
            with torch.autocast(place.type, torch.bfloat16, enabled=precision == "amp" and place.type == "cuda"):
                step = recipe.step(number, given.to(place), real.to(place), random)
            values = dict(zip(step, torch.stack([value.float() for value in step.values()]).tolist(), strict=True))
            _check_finite(values, number, out_dir, snapshots)
            forget = 1 / min(FORGET, number + 1)
            losses = {name: losses.get(name, value) * (1 - forget) + value * forget for name, value in values.items()}
            bar.set_postfix({name: f"{value:.2f}" for name, value in losses.items()}, refresh=False)
            bar.update()
            epoch, rest = divmod(number + 1, per_epoch)
            if not rest and (epoch % schedule.snapshot_every == 0 or epoch == schedule.epochs):
                quality = measure(recipe.trained, crops, schedule.seed, place, judge).as_dict()
                records.append({"epoch": epoch, "step": number + 1, "losses": losses, "quality": quality})
                log.info("%s, epoch %d: %s", out_dir.name, epoch, quality)
                name = f"epoch{epoch:04d}"
                write_sheet(snapshots / f"{name}.png", recipe.trained, crops, schedule.seed, place)
                write_generator(snapshots / f"{name}.safetensors", recipe.trained, shape)
                _save(snapshots, recipe, number + 1, records, losses)
    write_generator(out_dir / "generator.safetensors", recipe.trained, shape)
    write_sheet(out_dir / "samples.png", recipe.trained, crops, schedule.seed, place)
    write_json(out_dir / "log.json", {"people": len(crops), "steps": total, "snapshots": records})
    (snapshots / STATE).unlink(missing_ok=True)


def _keypoint_names(split: dict[str, Any]) -> list[str]:
    person = next(category for category in split["categories"] if category.get("is_person"))
    return person.get("keypoints") or []


def step_seed(*parts: int) -> int:
    """A 63-bit seed from several numbers."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> np.uint64(1))


def batches(
    crops: Crops, recipe: Recipe, schedule: Schedule, numbers: range, workers: int = 1
) -> Iterator[tuple[Conditions, Tensor]]:
    """The batches of some steps; threads prepare as many of the next while one is learned from.

    Each depends on the seed and its number only, so that it does not matter where a training was interrupted.
    """

    def prepare(number: int) -> tuple[Conditions, Tensor]:
        rng = np.random.default_rng([schedule.seed, 3, number])
        views = sample_views(crops, _chosen(len(crops), schedule, number), GROW, rng)
        given = conditions(views, rng.uniform(*recipe.vague, len(views)), [rng] * len(views))
        return given, originals(views) * (given.fill + given.known)

    with ThreadPoolExecutor(workers) as pool:
        ahead = deque(pool.submit(prepare, number) for number in numbers[:workers])
        for number in numbers:
            batch = ahead.popleft().result()
            if number + workers < numbers.stop:
                ahead.append(pool.submit(prepare, number + workers))
            yield batch


def _chosen(count: int, schedule: Schedule, number: int) -> np.ndarray:
    """The people of a step: each epoch is a permutation; its last, incomplete batch is left out."""
    size = min(schedule.batch, count)
    epoch, place = divmod(number, max(1, count // schedule.batch))
    order = np.random.default_rng([schedule.seed, 4, epoch]).permutation(count)
    return order[place * size : (place + 1) * size]


def _check_finite(values: dict[str, float], number: int, out_dir: Path, snapshots: Path) -> None:
    wrong = [name for name, value in values.items() if not np.isfinite(value)]
    if wrong:
        raise UserError(
            f"The training of the generator {out_dir.name} broke at step {number + 1}: not finite: {', '.join(wrong)}.",
            f"Look at the sheets in {snapshots}; lower the resolution, choose another seed, or use float32.",
        )


def _snapshots(out_dir: Path, settings: Any, annotations: Path, regions: Path) -> Path:
    """The folder of this training's snapshots; those of other inputs are removed, so that none is taken up again."""
    facts = json.dumps([settings, sha256_file(annotations), sha256_file(regions)], sort_keys=True)
    folder = out_dir / "snapshots" / sha256_of(facts.encode())[:16]
    folder.mkdir(parents=True, exist_ok=True)
    for other in folder.parent.iterdir():
        if other != folder:
            shutil.rmtree(other)
    return folder


def _save(snapshots: Path, recipe: Recipe, done: int, records: list[dict[str, Any]], losses: dict[str, float]) -> None:
    buffer = io.BytesIO()
    told = json.dumps({"done": done, "records": records, "losses": losses})
    torch.save({"told": told, "recipe": recipe.state()}, buffer)
    write_bytes(snapshots / STATE, buffer.getvalue())


def _resume(
    snapshots: Path, recipe: Recipe, device: torch.device
) -> tuple[int, list[dict[str, Any]], dict[str, float]]:
    """Steps done, records of earlier snapshots and averaged losses; the recipe is restored."""
    path = snapshots / STATE
    if not path.exists():
        return 0, [], {}
    state = torch.load(path, map_location=device, weights_only=True)
    recipe.restore(state["recipe"])
    told = json.loads(state["told"])
    log.info("going on after step %d", told["done"])
    return told["done"], told["records"], told["losses"]
