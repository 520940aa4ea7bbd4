"""The snapshots of a training, from which a killed one resumes."""

from __future__ import annotations

import io
import json
import logging
import shutil
from pathlib import Path
from typing import Any

import torch

from anonbench.common.files import sha256_of, write_bytes
from anonbench.generators.log import Progress
from anonbench.generators.training import Training

STATE = "state.pt"  # of the last snapshot

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
        """Keep what the next step depends on, in place of what was kept before."""
        buffer = io.BytesIO()
        torch.save({"progress": progress.to_json(), "training": training.state()}, buffer)
        write_bytes(self.folder / STATE, buffer.getvalue())

    def resume(self, training: Training, device: torch.device) -> Progress:
        """Restore a training; where nothing was kept it stays as it is, and no step is done."""
        path = self.folder / STATE
        if not path.exists():
            return Progress()
        state = torch.load(path, map_location=device, weights_only=True)
        training.restore(state["training"])
        progress = Progress.from_json(state["progress"])
        log.info("resuming after step %d", progress.done)
        return progress

    def finish(self) -> None:
        """Nothing is to be resumed any more; weights and sheets stay."""
        (self.folder / STATE).unlink(missing_ok=True)
