"""MMEngine's training loop as this project runs it: one device per process, resumable, with a progress bar alone."""

from __future__ import annotations

import contextlib
import io
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dist import get_world_size
from mmengine.logging import MMLogger
from mmengine.model import MMDistributedDataParallel
from mmengine.registry import DATASETS, FUNCTIONS
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from anonbench.common.devices import use_onednn_for_1x1_convolutions
from anonbench.common.errors import UserError
from anonbench.common.stopping import ENDING, FORWARDED, Request
from anonbench.models.openmmlab.fetched_weights import load_into
from anonbench.models.openmmlab.hasten import hasten, settled
from anonbench.models.openmmlab.hooks import Scalars, SeedEpochs
from anonbench.models.openmmlab.resuming import Checkpoints, ResumableLoop, Resume, bare
from anonbench.models.openmmlab.telling import Telling, tell


def run(config: Config, work: Path, seed: int, device: str) -> torch.nn.Module:
    """Train a completed config to its end, from the last checkpoint in ``work`` where there is one.

    Every process of a process group calls this; only the first writes.

    Raises
    ------
    Stopped
        If a process was asked to end; ``work`` then holds the state after the step at hand.
    """
    state, scalars = work / "last.pth", Scalars(work / "scalars.json")
    torch.backends.cudnn.deterministic = True
    if alone_on_cuda(device):
        config = settled(config)
    asks = ENDING if get_world_size() == 1 else (FORWARDED,)
    # pycocotools prints while it indexes
    with contextlib.redirect_stdout(io.StringIO()), Request(asks) as request:
        hooks = [SeedEpochs(seed), Resume(state, scalars), Checkpoints(state, scalars, request), scalars]
        return bare(QuietRunner(config, str(work), hooks, device).train())


def alone_on_cuda(device: str) -> bool:
    """Whether one process trains on a CUDA device: such a training takes the light step (:mod:`.hasten`)."""
    return torch.device(device).type == "cuda" and get_world_size() == 1


@FUNCTIONS.register_module()
def seed_worker(worker_id: int) -> None:
    """Seed a data-loader process from torch's own seed for it, which follows the epoch's."""
    state = torch.initial_seed() % 2**32
    random.seed(state)
    np.random.seed(state)


class QuietRunner(Runner):
    """MMEngine's runner on a chosen device, without its environment dump, visualizer, config dump and default hooks."""

    def __init__(self, config: Config, work_dir: str, hooks: list[Any], device: str) -> None:
        self._device = device
        unused = dict.fromkeys(("runtime_info", "timer", "logger", "checkpoint"))
        super().__init__(
            model=config.model,
            work_dir=work_dir,
            train_dataloader=config.train_dataloader,
            train_cfg=config.train_cfg,
            optim_wrapper=config.optim_wrapper,
            param_scheduler=config.param_scheduler,
            default_hooks=unused,
            custom_hooks=hooks,
            default_scope=config.default_scope,
            randomness=config.randomness,
            log_level="ERROR",
            cfg=config,
        )

    def wrap_model(self, model_wrapper_cfg: dict[str, Any] | None, model: torch.nn.Module) -> torch.nn.Module:
        model = use_onednn_for_1x1_convolutions(model, self._device)
        model = model.to(self._device, memory_format=torch.channels_last)  # faster on CPUs and with amp
        if get_world_size() == 1:
            return hasten(model, self.cfg) if alone_on_cuda(self._device) else model
        # Each device keeps its own statistics of batch normalization, as published models were trained.
        return MMDistributedDataParallel(
            model.train(),  # some backbones freeze their first stages only now, and gradients are waited for otherwise
            device_ids=[torch.device(self._device)] if torch.device(self._device).type == "cuda" else None,
            forward_sync_buffers=False,
            find_unused_parameters=self.cfg.get("find_unused_parameters", False),
        )

    @staticmethod
    def build_dataloader(
        dataloader: dict[str, Any], seed: int | None = None, diff_rank_seed: bool = False
    ) -> DataLoader:
        """MMEngine's data loader, which tells what is wrong with a sample (:mod:`.telling`)."""
        dataset = DATASETS.build(dataloader["dataset"])
        dataset.full_init()
        return tell(Runner.build_dataloader({**dataloader, "dataset": Telling(dataset)}, seed, diff_rank_seed))

    def build_train_loop(self, loop: dict[str, Any]) -> ResumableLoop:
        """The loop over as many epochs as a config's ``train_cfg`` says."""
        if not loop.get("max_epochs"):
            raise UserError(
                "The model config does not train by epochs.", "Let train_cfg be dict(by_epoch=True, max_epochs=...)."
            )
        return ResumableLoop(self, self._train_dataloader, max_epochs=loop["max_epochs"])

    def _init_model_weights(self) -> None:
        super()._init_model_weights()
        if file := self.cfg.get("load_from"):
            load_into(bare(self.model), Path(file), classes_may_differ=True)

    def build_logger(self, log_level: str | int = "INFO", log_file: str | None = None, **options: Any) -> MMLogger:
        """MMEngine's logger without its file: :class:`.hooks.Scalars` writes what is worth keeping."""
        return MMLogger.get_instance(self._experiment_name, log_level=log_level)

    def build_visualizer(self, visualizer: Any = None) -> Any:
        return SimpleNamespace(add_config=lambda config: None)

    def _log_env(self, env_cfg: dict[str, Any]) -> None:
        pass

    def dump_config(self) -> None:
        pass
