"""Features of the Inception network that FID is defined on, through torch-fidelity, where its weights are at hand."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch
from torch import Tensor, nn

from anonbench.common.errors import UserError
from anonbench.generators.features import configured_weights

LAYER = "2048"  # the pooled features that Heusel et al., NeurIPS 2017, fit their normal distributions to


class Inception(nn.Module):
    """Pooled features of the Inception-v3 of FID; nothing is learned through it.

    Parameters
    ----------
    path, sha256
        torch-fidelity's weight file (converted from the original ones) and the hash that it must have.

    Raises
    ------
    UserError
        If the file is missing, has another hash, or holds something else.
    """

    def __init__(self, path: Path, sha256: str) -> None:
        super().__init__()
        # Imported here: few trainings use it.
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

        weights = configured_weights(path, sha256, "Inception")
        # torch-fidelity unpickles whatever it is given: it gets a file that we wrote, of the tensors that were read.
        with tempfile.NamedTemporaryFile(suffix=".pth") as own:
            torch.save(weights, own)
            own.flush()
            try:
                self.network = FeatureExtractorInceptionV3("inception", [LAYER], own.name)
            except (RuntimeError, TypeError, AttributeError):
                raise UserError(
                    f"{path} does not hold torch-fidelity's Inception.", "Name torch-fidelity's weight file."
                ) from None

    def forward(self, images: Tensor) -> Tensor:
        """Images (B, 3, H, W) in -1..1, rounded to 8 bits as they would be stored, to (B, 2048) features."""
        return self.network(((images + 1) * 127.5).round().clamp(0, 255).to(torch.uint8))[0]
