"""Train a recognition model on one variant of a training split."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import barrier, get_world_size, is_main_process
from safetensors.torch import save

from anonbench.common.devices import pick_device
from anonbench.common.errors import UserError
from anonbench.common.files import read_json, sha256_file, sha256_of, write_bytes, write_text
from anonbench.models.openmmlab import model_config as configs
from anonbench.models.openmmlab import setup
from anonbench.models.tasks import check_tasks

PRECISIONS = ("float32", "amp")


def train(
    *,
    model_config: Path,  # an MM config of config/models/
    annotations: Path,  # the training split in the common form
    images_dir: Path,  # the variant's images, under the split's file names
    out_dir: Path,  # receives checkpoint.safetensors, config.py and scalars.json
    seed: int,  # of weights, order and augmentation
    data_fingerprint: str,  # changes whenever the variant's images do (its manifest's hash)
    tasks: Sequence[str] = (),  # what the model will be scored on, checked before anything is trained
    device: str = "auto",  # "auto" is CUDA where there is a device
    precision: str = "float32",  # or "amp": mixed precision on CUDA, float32 elsewhere
    threads: int = 1,  # of this process's tensor operators
) -> None:
    """Train, going on from the last epoch of an earlier attempt with the same inputs.

    In a process group, every process calls this with the same arguments but ``device``, and the first alone writes.

    Raises
    ------
    UserError
        If the model config or the split cannot be used, or not for a task, or a loss is not finite.
    """
    if precision not in PRECISIONS:
        raise UserError(f"The precision {precision!r} is unknown.", f"Choose one of {', '.join(PRECISIONS)}.")
    config = configs.load(model_config)
    setup.use(config.default_scope, threads)
    split = read_json(annotations)
    check_tasks(tasks, configs.served_tasks(config), split, annotations)
    config = configs.complete(config, split, annotations, images_dir)
    configs.scale_rate(config, get_world_size())
    config.randomness = {"seed": seed}
    config.train_dataloader.worker_init_fn = {"type": "seed_worker"}
    device = pick_device(device)
    if precision == "amp" and device.startswith("cuda"):
        config.optim_wrapper.type = "AmpOptimWrapper"

    inputs = [sha256_file(file) for file in (annotations, *configs.weight_files(config))]
    work = _work_dir(out_dir, config, inputs, data_fingerprint)
    from anonbench.models.openmmlab.runner import (
        run,  # after setup.use, which decides how much of MMEngine this imports
    )

    model = run(config, work, seed, device)
    if not is_main_process():
        return

    weights = {name: value.cpu().contiguous() for name, value in model.state_dict().items()}
    facts = {"model": Path(model_config).stem, "seed": str(seed), "data_fingerprint": data_fingerprint}
    write_text(out_dir / "config.py", configs.as_python(config))
    write_text(out_dir / "scalars.json", (work / "scalars.json").read_text(encoding="utf-8"))
    write_bytes(out_dir / "checkpoint.safetensors", save(weights, metadata=facts))
    shutil.rmtree(work.parent)


def _work_dir(out_dir: Path, config: Config, inputs: list[str], data_fingerprint: str) -> Path:
    """The folder of this run's checkpoints; those of other inputs are removed, so that none is ever taken up again."""
    fingerprint = sha256_of(json.dumps([configs.as_python(config), *inputs, data_fingerprint]).encode())[:16]
    work = out_dir / "work" / fingerprint
    if is_main_process():
        work.mkdir(parents=True, exist_ok=True)
        for other in work.parent.iterdir():
            if other != work:
                shutil.rmtree(other)
    barrier()
    return work
