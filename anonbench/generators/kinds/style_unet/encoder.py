"""A real person's appearance, as the numbers of a code."""

from __future__ import annotations

from torch import Tensor, nn

from anonbench.generators.kinds.style_unet.codes import APPEARANCE


class Encoder(nn.Module):
    """A person's appearance, as a distribution: from colours and features pooled over the cells of the code's grid.

    The conditional variational part of BicycleGAN (Zhu et al., NeurIPS 2017, section 3.2). It is kept near the normal
    distribution only so far that its scale does not run away: new codes are mixed from people's, not drawn from it.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layer = nn.Conv2d(channels, 2 * APPEARANCE, 1)
        nn.init.normal_(self.layer.weight, std=0.01)
        nn.init.zeros_(self.layer.bias)

    def forward(self, pooled: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, rows, columns) to means and log-variances, (B, APPEARANCE, rows, columns) each."""
        return self.layer(pooled).chunk(2, 1)
