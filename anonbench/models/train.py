"""Train a recognition model on one variant of a training split."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dist import barrier, get_world_size, is_main_process

from anonbench.common.files import read_made, sha256_file, sha256_of, write_json, write_text
from anonbench.common.records import read_record
from anonbench.common.tensors import write_tensors
from anonbench.models.openmmlab import model_config as configs
from anonbench.models.openmmlab import setup
from anonbench.models.shown import shown_split
from anonbench.models.tasks import check_tasks
from anonbench.models.training import Training
from anonbench.variants.manifest import Manifest


def train(training: Training) -> None:
    """Train in this process, resuming where an earlier attempt with the same inputs was interrupted.

    In a process group, every process calls this with the same record but for its own device; only the first writes.
    :func:`anonbench.models.launch.start` starts as many processes as ``training.runtime.gpus`` asks for.

    Raises
    ------
    UserError
        If the model config or the split cannot be used, or not for a task or on this device, if the variant leaves out
        all that could be learned, or a loss is not finite.
    Stopped
        If the process was asked to end; what is done is kept for the next attempt.
    """
    annotations, out_dir, runtime = training.annotations, training.out_dir, training.runtime
    config = configs.load(training.model.config)
    device = configs.device_of(config, runtime.device)
    setup.use(config.default_scope, runtime.threads)
    split = read_made(annotations)
    check_tasks(training.model, configs.result_kinds(config), split, annotations)
    shown = shown_split(split, read_record(Manifest, training.images.manifest), training.model.tasks)
    config = configs.complete(config, shown, annotations, training.images)
    configs.scale_rate(config, get_world_size())
    config.randomness = {"seed": training.seed}
    config.train_dataloader.worker_init_fn = {"type": "seed_worker"}
    if runtime.precision == "amp" and device.startswith("cuda"):
        config.optim_wrapper.type = "AmpOptimWrapper"

    inputs = [sha256_file(file) for file in (annotations, *configs.weight_files(config))]
    # It changes whenever the variant's images do.
    data_fingerprint = sha256_file(training.images.manifest)
    work = _work_dir(out_dir, config, inputs, data_fingerprint)
    if shown is not split:
        _train_on(config, shown, work / "annotations.json")
    from anonbench.models.openmmlab.runner import (
        run,  # after setup.use, which decides how much of MMEngine this imports
    )

    model = run(config, work, training.seed, device)
    if not is_main_process():
        return

    # The working copy is gone in the end; the manifest says what was left out of this file.
    config.train_dataloader.dataset.ann_file = str(annotations)
    text = configs.as_python(config)
    facts = {
        "model": Path(training.model.config).stem,
        "seed": training.seed,
        "data_fingerprint": data_fingerprint,
        "config_sha256": sha256_of(text.encode()),
    }
    write_text(out_dir / "config.py", text)
    write_text(out_dir / "scalars.json", (work / "scalars.json").read_text(encoding="utf-8"))
    write_tensors(out_dir / "checkpoint.safetensors", model.state_dict(), facts)
    shutil.rmtree(work.parent)


def _train_on(config: Config, shown: dict[str, Any], path: Path) -> None:
    """Let every process's data loader read a split that is not the annotation file's."""
    if is_main_process():
        write_json(path, shown)
    barrier()
    config.train_dataloader.dataset.ann_file = str(path)


def _work_dir(out_dir: Path, config: Config, inputs: list[str], data_fingerprint: str) -> Path:
    """The folder of this run's checkpoints; those of other inputs are removed, so that none is ever resumed."""
    fingerprint = sha256_of(json.dumps([configs.as_python(config), *inputs, data_fingerprint]).encode())[:16]
    work = out_dir / "work" / fingerprint
    if is_main_process():
        work.mkdir(parents=True, exist_ok=True)
        for other in work.parent.iterdir():
            if other != work:
                shutil.rmtree(other)
    barrier()
    return work
