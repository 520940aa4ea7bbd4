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
from torch.utils.data import DataLoader
from tqdm import tqdm

from anonbench.common.errors import UserError
from anonbench.common.files import read_made, sha256_file
from anonbench.common.records import read_record
from anonbench.common.tensors import read_tensors
from anonbench.config.runtime import RuntimeConfig
from anonbench.models.openmmlab import setup
from anonbench.models.openmmlab.model_config import device_of, point_at, result_kinds
from anonbench.models.openmmlab.outputs import reader
from anonbench.models.openmmlab.telling import Telling, heard, tell
from anonbench.models.predictions import Predictions
from anonbench.models.shown import require_everything
from anonbench.variants.manifest import Manifest
from anonbench.variants.variant_images import VariantFiles


def predict(
    run_dir: Path,
    annotations: Path,
    images: VariantFiles,
    runtime: RuntimeConfig,
    *,
    batch_size: int | None = None,
) -> Predictions:
    """Run a trained model over a split.

    Parameters
    ----------
    run_dir
        Holds ``config.py`` and ``checkpoint.safetensors``, as :func:`anonbench.models.train.train` writes them.
    annotations
        The split in the common form. Top-down pose takes its person boxes from there.
    images
        The variant of the split that the model is shown.
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
        If the split's categories or keypoints are not those that the model was trained on, the variant leaves out
        images or labels, an image cannot be loaded or is not the variant's, the run's files are missing, damaged, or
        not of one training, or the model needs another device.
    """
    weights = Path(run_dir) / "checkpoint.safetensors"
    tensors, facts = read_tensors(weights)
    file = Path(run_dir) / "config.py"
    if not file.is_file() or sha256_file(file) != facts.get("config_sha256"):
        raise UserError(
            f"{file} is damaged: it is not the config that {weights} was trained with.",
            "Delete both and run the workflow again.",
        )
    require_everything(read_record(Manifest, images.manifest))
    config = Config.fromfile(str(file))
    device = device_of(config, runtime.device)
    setup.use(config.default_scope, runtime.threads)
    read = reader(config, read_made(annotations), annotations)

    loader = config.test_dataloader
    point_at(loader, annotations, images)
    with DefaultScope.overwrite_default_scope(config.default_scope):
        with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints while it indexes
            dataset = DATASETS.build(loader.dataset)
        size = batch_size or loader.batch_size
        batches = tell(DataLoader(Telling(dataset), size, num_workers=loader.num_workers, collate_fn=pseudo_collate))
        model = MODELS.build(config.model)
        model.load_state_dict(tensors)
        model.to(device, memory_format=torch.channels_last).eval()
        predictions = Predictions(**{kind: [] for kind in result_kinds(config)})
        for batch in tqdm(heard(batches), total=len(batches), desc="predict", unit="batch", mininterval=1):
            with torch.no_grad():
                samples = model.test_step(batch)
            for kind, result in chain.from_iterable(map(read, samples)):
                predictions[kind].append(result)
    return predictions
