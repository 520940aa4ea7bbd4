"""A pose estimator's training step as a CUDA graph: one launch instead of thousands.

People are crops of one size, so that every step runs the same kernels on the same shapes. Recorded are normalization,
forward pass, loss and backward pass; the optimizer, whose rate changes, runs by itself.
"""

from __future__ import annotations

import torch
from mmengine.optim import OptimWrapper
from torch import Tensor, nn

from anonbench.models.openmmlab.collate import normalized

REHEARSALS = 3  # steps before the recording, in which libraries choose and allocate what they need


class GraphedPoses:
    """The ``train_step`` of a top-down heat-map model, for batches of :func:`.collate.pack_poses`.

    Parameters
    ----------
    model
        On a CUDA device, with a heat-map head and in training mode.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.recorded: dict[torch.Size, _Recording] = {}

    def __call__(self, data: dict[str, Tensor], optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        """Take one step; the losses, without gradient."""
        shape = data["inputs"].shape
        if shape not in self.recorded:
            self.recorded[shape] = _Recording(self.model, data, optim_wrapper)
        loss = self.recorded[shape].replay(data)
        optim_wrapper.step()
        optim_wrapper.zero_grad()
        return {"loss": loss, "loss_kpt": loss}


class _Recording:
    def __init__(self, model: nn.Module, data: dict[str, Tensor], optim_wrapper: OptimWrapper) -> None:
        device = next(model.parameters()).device
        self.static = {name: value.to(device) for name, value in data.items()}
        self.learned = [p for p in model.parameters() if p.requires_grad]
        kept = [buffer.clone() for buffer in model.buffers()]
        rehearsal = torch.cuda.Stream()
        rehearsal.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(rehearsal):
            for _ in range(REHEARSALS):
                optim_wrapper.zero_grad()
                self._backward(model, optim_wrapper)
        torch.cuda.current_stream().wait_stream(rehearsal)
        optim_wrapper.zero_grad()
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.loss = self._backward(model, optim_wrapper)
        self.gradients = [p.grad for p in self.learned]
        with torch.no_grad():  # statistics of batch normalization that the rehearsals moved
            for buffer, value in zip(model.buffers(), kept, strict=True):
                buffer.copy_(value)

    def _backward(self, model: nn.Module, optim_wrapper: OptimWrapper) -> Tensor:
        with optim_wrapper.optim_context(model):
            inputs = normalized(self.static["inputs"], model.data_preprocessor)
            inputs = inputs.contiguous(memory_format=torch.channels_last)
            fields = model.head.forward(model.extract_feat(inputs))
            loss = model.head.loss_module(fields, self.static["heatmaps"], self.static["weights"])
        optim_wrapper.backward(optim_wrapper.scale_loss(loss))
        return loss.detach()

    def replay(self, data: dict[str, Tensor]) -> Tensor:
        for name, value in data.items():
            self.static[name].copy_(value, non_blocking=True)
        self.graph.replay()
        for parameter, gradient in zip(self.learned, self.gradients, strict=True):
            parameter.grad = gradient
        return self.loss.clone()
