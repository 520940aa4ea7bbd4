"""The snapshots of a training, and the state from which an interrupted one resumes."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path
from typing import Any

import torch

from anonbench.common.checkpoints import forget_state, load_state, save_state
from anonbench.common.files import sha256_of
from anonbench.generators.log import Progress
from anonbench.generators.training import Training

STATE = "state.pt"

log = logging.getLogger(__name__)


class Snapshots:
    """The folder ``snapshots`` beside a generator. Those of other inputs are removed, so that none is resumed.

    Parameters
    ----------
    out_dir
        The generator's folder.
    inputs
        Everything that the training depends on, as plain values.
    """

    def __init__(self, out_dir: Path, inputs: Any) -> None:
        facts = json.dumps(inputs, sort_keys=True)
        self.folder = out_dir / "snapshots" / sha256_of(facts.encode())[:16]
        self.folder.mkdir(parents=True, exist_ok=True)
        for other in self.folder.parent.iterdir():
            if other != self.folder:
                shutil.rmtree(other)

    def save(self, training: Training, progress: Progress) -> None:
        """Keep what the next step depends on."""
        save_state(self.folder / STATE, {"progress": progress.to_json(), "training": training.state()})

    def resume(self, training: Training, device: torch.device) -> Progress:
        """Restore a training; where nothing usable was kept it stays as it is, and no step is done."""
        state = load_state(self.folder / STATE, device)
        if state is None:
            return Progress()
        training.restore(state["training"])
        progress = Progress.from_json(state["progress"])
        log.info("resuming after step %d", progress.done)
        return progress

    def finish(self) -> None:
        """Nothing is to be resumed any more; weights and sheets stay."""
        forget_state(self.folder / STATE)
