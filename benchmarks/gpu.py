"""How busy the training of every full-size model keeps a CUDA device, as a Markdown table.

For each config, in float32 and mixed precision: the median time of a step on batches that are ready in memory, images
per second, how long the device was busy in a step and what share of the step that is, kernels and copies per step, how
often the host waited for the device, and peak memory. Twice: with MMEngine's own step (`plain`) and with the one of
`anonbench.models.openmmlab.hasten` (`light`); for the latter also images per second with data-loading processes. For
comparison torchvision's own Mask R-CNN, and the generator coco_body in the second half of its training.

The images are drawn (blurred noise, JPEG), with as many people and objects as the datasets have, and pass the project's
own pipelines. Weights are random, with batch normalization adapted to the images, and the learning rate is next to
nothing. So costs are about those of a training: what a detector's heads get to see depends on what it has learned.

    python -m benchmarks.gpu                                  # everything, in less than ten minutes
    python -m benchmarks.gpu --only td-hm --steps 20 --output gpu.md

Without a CUDA device it counts the operators of one step with two images, not kernels.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import os
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from anonbench.common.root import ROOT
from benchmarks.device import CUDA, Cost, measure
from benchmarks.drawn import Work, write_split

os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # before cuBLAS is loaded; for generators
READY = 4
CPU_BATCH = 2


WORK = [
    Work("mask-rcnn_r50_fpn_1x", 2),
    Work("mask-rcnn_r50_fpn_1x", 16),
    Work("mask-rcnn_r50_fpn_cityscapes", 1, (2048, 1024), 18, 8, 8),
    Work("tinaface_r50_widerface", 4, (1024, 768), 12, 1, 16),
    Work("td-hm_hrnet-w32_256x192", 64, people=2, images=64),
    Work("td-hm_r50_256x192", 64, people=2, images=64),
]


def model_costs(work: Work, folder: Path, options: argparse.Namespace) -> Iterator[tuple[str, str, Cost]]:
    """Way, precision and cost of a config's steps."""
    from mmengine.registry import DATASETS, DefaultScope

    from anonbench.common.files import read_json
    from anonbench.models.openmmlab import model_config, setup
    from anonbench.models.openmmlab.hasten import settled

    annotations, images = write_split(folder, work)
    plain = model_config.load(ROOT / f"config/models/{work.config}.py")
    setup.use(plain.default_scope, 1)
    plain = model_config.complete(plain, read_json(annotations), annotations, images)
    with DefaultScope.overwrite_default_scope(plain.default_scope):
        with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints while it indexes
            dataset = DATASETS.build(plain.train_dataloader.dataset)
        for way in options.ways:
            config = settled(plain) if way == "light" else plain
            count = work.batch if CUDA else min(work.batch, CPU_BATCH)
            ready = list(itertools.islice(batches(dataset, config, count, 0), READY))
            for precision in options.precisions:
                step = new_step(config, way, precision, ready[0])
                cost = measure(step, ready, options.steps)
                if options.workers and way == "light" and precision == options.precisions[-1]:
                    cost.loaded = loaded(step, dataset, config, work.batch, options)
                yield way, precision, cost
                del step


def batches(dataset: Any, config: Any, count: int, workers: int) -> Iterator[Any]:
    """Batches without end, as the config's data loader makes them."""
    from mmengine.dataset import pseudo_collate
    from mmengine.registry import FUNCTIONS
    from torch.utils.data import DataLoader

    collate = dict(config.train_dataloader.get("collate_fn") or {})
    collate = partial(FUNCTIONS.get(collate.pop("type")), **collate) if collate else pseudo_collate
    order = torch.randint(len(dataset), (100_000,), generator=torch.Generator().manual_seed(0)).tolist()
    pinned = CUDA and bool(config.train_dataloader.get("pin_memory", False))
    return iter(DataLoader(dataset, count, sampler=order, num_workers=workers, collate_fn=collate, pin_memory=pinned))


def new_step(config: Any, way: str, precision: str, batch: Any) -> Callable[[Any], None]:
    """A new model's training step."""
    from mmengine.optim import build_optim_wrapper
    from mmengine.registry import MODELS

    from anonbench.models.openmmlab.hasten import hasten

    torch.manual_seed(0)
    np.random.seed(0)
    device = "cuda" if CUDA else "cpu"
    model = MODELS.build(config.model).to(device, memory_format=torch.channels_last)
    if way == "light":
        model = hasten(model, config)
    adapt(model, batch)
    settings = {**config.optim_wrapper.to_dict(), "type": "AmpOptimWrapper" if precision == "amp" else "OptimWrapper"}
    settings["optimizer"] = {**settings["optimizer"], "lr": 1e-8}
    optim = build_optim_wrapper(model, settings)
    return lambda data: model.train_step(data, optim_wrapper=optim)


@torch.no_grad()
def adapt(model: Any, batch: Any) -> None:
    """Let batch normalization keep the statistics of a batch, or random layers that are never trained would explode."""
    images = batch["inputs"][:4]
    images = images if isinstance(images, torch.Tensor) else torch.stack([i[:, :480, :480] for i in images])
    layers = [m for m in model.backbone.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for layer in layers:
        layer.momentum, layer.kept = 1.0, layer.momentum
    for module in model.backbone.modules():
        module.training = True
    model.backbone((images.float().to(next(model.parameters()).device) - 110) / 58)
    for layer in layers:
        layer.momentum = layer.kept
    model.train()


def loaded(step: Callable[[Any], Any], dataset: Any, config: Any, batch: int, options: argparse.Namespace) -> float:
    """Images per second with data-loading processes, from the batch on at which those have caught up."""
    feed = batches(dataset, config, batch, options.workers)
    for _ in range(options.workers + 2):
        step(next(feed))
    torch.cuda.synchronize()
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < options.seconds:
        step(next(feed))
        count += batch
    torch.cuda.synchronize()
    return count / (time.perf_counter() - started)


def torchvision_costs(options: argparse.Namespace) -> Iterator[tuple[str, str, Cost]]:
    """torchvision's Mask R-CNN R50-FPN on two images of 800 x 1066 px with seven objects each."""
    from torchvision.models.detection import maskrcnn_resnet50_fpn

    rng = torch.Generator().manual_seed(0)
    corner = torch.rand(2, 7, 2, generator=rng) * 500
    boxes = torch.cat([corner, corner + 40 + torch.rand(2, 7, 2, generator=rng) * 200], 2).cuda()
    masks = torch.zeros(2, 7, 800, 1066, dtype=torch.uint8, device="cuda")
    masks[..., 200:500, 200:600] = 1
    images = list(torch.rand(2, 3, 800, 1066, generator=rng).cuda())
    targets = [{"boxes": b, "masks": m, "labels": torch.arange(1, 8).cuda()} for b, m in zip(boxes, masks, strict=True)]
    for precision in options.precisions:
        model = maskrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=81, trainable_backbone_layers=3)
        model = model.cuda().train()
        optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], 1e-8, momentum=0.9)
        scaler = torch.amp.GradScaler("cuda", enabled=precision == "amp")

        step = partial(torchvision_step, model, optimizer, images, targets, precision == "amp")
        yield "torchvision", precision, measure(step, [scaler], options.steps)


def torchvision_step(
    model: Any, optimizer: Any, images: list[Any], targets: list[Any], mixed: bool, scaler: torch.amp.GradScaler
) -> None:
    with torch.autocast("cuda", torch.float16, enabled=mixed):
        loss = sum(model(images, targets).values())
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
    optimizer.zero_grad()


def generator_costs(options: argparse.Namespace, name: str = "coco_body") -> Iterator[tuple[str, str, Cost]]:
    """A generator of the paper's study, in the second half of its training."""
    from anonbench.common.devices import be_deterministic
    from anonbench.config.plugins import KINDS
    from benchmarks.generators import drawn_batch, preset

    config = preset(name)
    be_deterministic("cuda")
    shape, given, real = drawn_batch(config, config.batch)
    for precision in options.precisions:
        torch.manual_seed(0)
        last = 10**6
        training = KINDS.create(config.kind, config).training(shape, last)
        training = training.to("cuda", memory_format=torch.channels_last)
        step = partial(generator_step, training, given, real, precision == "amp")
        late = list(range(last - 1000, last))
        yield "plain", precision, measure(step, late[:READY], options.steps)
    torch.use_deterministic_algorithms(False)


def generator_step(training: Any, given: Any, real: torch.Tensor, mixed: bool, number: int) -> None:
    with torch.autocast("cuda", torch.bfloat16, enabled=mixed):
        losses = training.step(number, given.to("cuda"), real.to("cuda"), torch.Generator().manual_seed(number))
    torch.stack([value.float() for value in losses.values()]).tolist()  # waits, as in training


def row(name: str, batch: int, way: str, precision: str, cost: Cost) -> str:
    rate = 1e3 * batch / cost.step
    loaded = f"{cost.loaded:.0f}" if cost.loaded else "–"
    return (
        f"| {name} | {batch} | {way} | {precision} | {cost.step:.1f} | {rate:.1f} | {cost.busy:.1f} |"
        f" {cost.busy / cost.step:.0%} | {cost.kernels:.0f} | {cost.waits:.0f} | {cost.memory:.1f} | {loaded} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="configs whose names hold this")
    parser.add_argument("--steps", type=int, default=8, help="timed steps of each")
    parser.add_argument("--seconds", type=float, default=5, help="for loading by processes")
    parser.add_argument("--workers", type=int, default=os.cpu_count() if CUDA else 0, help="data-loading processes")
    parser.add_argument("--ways", nargs="+", default=["plain", "light"] if CUDA else ["plain"])
    parser.add_argument("--precisions", nargs="+", default=["float32", "amp"] if CUDA else ["float32"])
    parser.add_argument("--output", type=Path, help="write the table there, too")
    options = parser.parse_args()
    torch.backends.cudnn.deterministic = True  # as in training
    name = torch.cuda.get_device_name() if CUDA else "CPU"
    counted = "kernels, copies" if CUDA else "operators"
    lines = [
        f"{name}, torch {torch.__version__}, {os.cpu_count()} cores, {options.workers} loading processes",
        "",
        f"| config | batch | way | precision | step, ms | images/s | busy, ms | busy | {counted} | waits | GiB |"
        " images/s, loading |",
        "|:--|--:|:--|:--|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    print("\n".join(lines), flush=True)

    def tell(name: str, batch: int, costs: Iterator[tuple[str, str, Cost]]) -> None:
        try:
            for way, precision, cost in costs:
                lines.append(row(name, batch, way, precision, cost))
                print(lines[-1], flush=True)
                if CUDA:
                    torch.cuda.empty_cache()
        except Exception as error:  # the others are of interest all the same
            traceback.print_exc()
            lines.append(f"| {name} | {batch} | failed: {type(error).__name__} |")
            print(lines[-1], flush=True)

    for work in WORK:
        if options.only in work.config:
            with tempfile.TemporaryDirectory() as folder:
                tell(work.config, work.batch, model_costs(work, Path(folder), options))
    if CUDA and options.only in "torchvision":
        tell("torchvision's Mask R-CNN", 2, torchvision_costs(options))
    if CUDA and options.only in "generator coco_body":
        tell("generator coco_body", 32, generator_costs(options))
    if options.output:
        options.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
