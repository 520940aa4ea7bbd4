"""A trained run's predictions on a split."""

from __future__ import annotations

import contextlib
import io
from itertools import chain
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DATASETS, MODELS, DefaultScope
from safetensors.torch import load_file
from torch import nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from anonbench.common.devices import pick_device
from anonbench.common.files import read_json
from anonbench.config.runtime import RuntimeConfig
from anonbench.models.openmmlab import setup
from anonbench.models.openmmlab.model_config import point_at, result_kinds
from anonbench.models.openmmlab.outputs import reader
from anonbench.models.predictions import Predictions


def predict(
    run_dir: Path,
    annotations: Path,
    images_dir: Path,
    runtime: RuntimeConfig,
    *,
    batch_size: int | None = None,
) -> Predictions:
    """Run a trained model over a split.

    Parameters
    ----------
    run_dir
        Holds ``config.py`` and ``checkpoint.safetensors``, as :func:`anonbench.models.train.train` writes them.
    annotations, images_dir
        The split in the common form. Top-down pose takes its person boxes from the annotations.
    runtime
        ``device`` and ``threads``, as in training; what is computed is float32.
    batch_size
        Images (or people) per step; by default the model config's.

    Returns
    -------
    Predictions
        Every kind of result that the model gives, in px of the original images and with the split's own category ids,
        image after image. The ``score`` of a pose is the mean of its keypoints'.

    Raises
    ------
    UserError
        If the split's categories or keypoints are not those that the model was trained on.
    """
    config = Config.fromfile(str(Path(run_dir) / "config.py"))
    setup.use(config.default_scope, runtime.threads)
    device = pick_device(runtime.device)
    read = reader(config, read_json(annotations), annotations)

    loader = config.test_dataloader
    point_at(loader, annotations, images_dir)
    with DefaultScope.overwrite_default_scope(config.default_scope):
        with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints while it indexes
            dataset = DATASETS.build(loader.dataset)
        batches = DataLoader(
            dataset, batch_size or loader.batch_size, num_workers=loader.num_workers, collate_fn=pseudo_collate
        )
        model = _model(config, Path(run_dir) / "checkpoint.safetensors", device)
        predictions = Predictions(**{kind: [] for kind in result_kinds(config)})
        for batch in tqdm(batches, desc="predict", unit="batch", mininterval=1):
            with torch.no_grad():
                samples = model.test_step(batch)
            for kind, result in chain.from_iterable(map(read, samples)):
                predictions[kind].append(result)
    return predictions


def _model(config: Config, checkpoint: Path, device: str) -> nn.Module:
    model = MODELS.build(config.model)
    model.load_state_dict(load_file(checkpoint))
    return model.to(device, memory_format=torch.channels_last).eval()
