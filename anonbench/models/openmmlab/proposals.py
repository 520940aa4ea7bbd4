"""The region proposal network of a detector for a whole batch, without waiting for the device.

What MMDetection's ``RPNHead`` computes, with the same rules; but what it selects by a list of indices, whose length the
host has to ask for, is here a fixed number of places of which some may be empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from anonbench.models.openmmlab.assign import assigned_in_image
from anonbench.models.openmmlab.suppress import suppressed

WIDEST = 4.135166556742356  # log(1000 / 16), the largest change of a box's width or height


@dataclass(frozen=True)
class Objects:
    """What a batch of B images shows.

    ``boxes`` (K, 4) and ``ignored`` (M, 4) of each image, xyxy px; ``labels`` (K,) of each; ``first`` of each image's
    objects among all, and ``sizes`` (B, 2), height and width of each image in px.
    """

    boxes: list[Tensor]
    labels: list[Tensor]
    ignored: list[Tensor]
    first: Tensor
    sizes: Tensor

    def matched(self, numbers: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Boxes, labels and places among all objects, of (B, n) numbers from 1; of those below 1 they mean nothing."""
        index = (numbers - 1).clamp(min=0) + self.first[:, None]
        boxes, labels = torch.cat(self.boxes), torch.cat(self.labels)
        if not len(boxes):
            return numbers.new_zeros(*numbers.shape, 4, dtype=torch.float32), numbers * 0, index * 0
        index = index.clamp(max=len(boxes) - 1)
        return boxes[index], labels[index], index


def sampled(numbers: Tensor, sampler: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A random choice of positives and of negatives, as MMDetection's ``RandomSampler`` makes it.

    Parameters
    ----------
    numbers
        (B, N) the object of each prior, from 1; 0 for background, -1 for neither.
    sampler
        Holds ``num`` and ``pos_fraction``.

    Returns
    -------
    tuple
        Indices of positives (B, P) and whether each is one; indices of negatives (B, Q) and the same.
    """
    draw = torch.rand(numbers.shape, device=numbers.device)
    places = min(int(sampler.num * sampler.pos_fraction), numbers.shape[1])
    strength, positive = torch.where(numbers > 0, draw, -1.0).topk(places)
    is_positive = strength >= 0
    strength, negative = torch.where(numbers == 0, draw, -1.0).topk(min(sampler.num, numbers.shape[1]))
    left = sampler.num - is_positive.sum(1, keepdim=True)
    is_negative = (strength >= 0) & (torch.arange(negative.shape[1], device=numbers.device) < left)
    return positive, is_positive, negative, is_negative


def encoded(priors: Tensor, boxes: Tensor, coder: Any) -> Tensor:
    """Boxes (..., 4) relative to priors (..., 4), as ``DeltaXYWHBBoxCoder`` has it."""
    sides, wanted = priors[..., 2:] - priors[..., :2], boxes[..., 2:] - boxes[..., :2]
    offset = (boxes[..., :2] + boxes[..., 2:] - priors[..., :2] - priors[..., 2:]) * 0.5 / sides
    deltas = torch.cat([offset, (wanted / sides).log()], -1)
    return (deltas - _constant(tuple(coder.means), deltas.device)) / _constant(tuple(coder.stds), deltas.device)


def decoded(priors: Tensor, deltas: Tensor, coder: Any) -> Tensor:
    """The inverse of :func:`encoded`."""
    deltas = deltas * _constant(tuple(coder.stds), deltas.device) + _constant(tuple(coder.means), deltas.device)
    sides, centre = priors[..., 2:] - priors[..., :2], (priors[..., :2] + priors[..., 2:]) * 0.5
    centre = centre + sides * deltas[..., :2]
    half = sides * deltas[..., 2:].clamp(-WIDEST, WIDEST).exp() * 0.5
    return torch.cat([centre - half, centre + half], -1)


@cache
def _constant(values: tuple[float, ...], device: torch.device) -> Tensor:
    return torch.tensor(values, device=device)


class Proposals:
    """Losses and proposals of an ``RPNHead``.

    Parameters
    ----------
    head
        With a sigmoid cross-entropy loss and one class.
    settings
        Its ``rpn_proposal``: ``nms_pre``, ``max_per_img``, ``nms`` and ``min_bbox_size``.
    divisor
        Anchors outside of an image's own size, rounded up to its multiple, do not count.
    """

    def __init__(self, head: nn.Module, settings: Any, divisor: int) -> None:
        self.head, self.settings, self.divisor = head, settings, divisor
        self.known: dict[tuple[Any, ...], tuple[list[Tensor], Tensor]] = {}

    def __call__(self, levels: tuple[Tensor, ...], shown: Objects) -> tuple[dict[str, Tensor], Tensor, Tensor]:
        """Features of every level to losses, proposals (B, n, 4) xyxy px, best first, and whether each is one."""
        scores, deltas = self.head(levels)
        sizes = [tuple(score.shape[2:]) for score in scores]
        anchors, corners = self._anchors(sizes, scores[0].device)
        scores = [score.permute(0, 2, 3, 1).flatten(1).float() for score in scores]
        deltas = [delta.permute(0, 2, 3, 1).reshape(len(delta), -1, 4).float() for delta in deltas]
        losses = self._losses(torch.cat(scores, 1), torch.cat(deltas, 1), torch.cat(anchors), corners, shown)
        with torch.no_grad():
            return losses, *self._proposals(scores, deltas, anchors, shown)

    def _anchors(self, sizes: list[tuple[int, int]], device: torch.device) -> tuple[list[Tensor], Tensor]:
        """Anchors (n, 4) of every level, and the corner (N, 2) of each one's cell, down and across in px."""
        key = (*sizes, device)
        if key not in self.known:
            generator, corners = self.head.prior_generator, []
            for (rows, cols), (across, down), count in zip(
                sizes, generator.strides, generator.num_base_priors, strict=True
            ):
                y, x = torch.arange(rows, device=device) * down, torch.arange(cols, device=device) * across
                cells = torch.stack(torch.meshgrid(y, x, indexing="ij"), -1).reshape(-1, 1, 2)
                corners.append(cells.expand(-1, count, -1).reshape(-1, 2))
            if len(self.known) > 20:  # shapes come back: images have few aspect ratios
                self.known.clear()
            self.known[key] = generator.grid_priors(sizes, device=device), torch.cat(corners)
        return self.known[key]

    def _losses(
        self, scores: Tensor, deltas: Tensor, anchors: Tensor, corners: Tensor, shown: Objects
    ) -> dict[str, Tensor]:
        padded = (shown.sizes / self.divisor).ceil() * self.divisor
        with torch.no_grad():
            numbers = torch.stack(
                [
                    assigned_in_image(anchors, *of_image, (corners < size).all(1), self.head.assigner)
                    for *of_image, size in zip(shown.boxes, shown.ignored, padded, strict=True)
                ]
            )
            positive, is_positive, negative, is_negative = sampled(numbers, self.head.sampler)
            boxes, _, _ = shown.matched(numbers.gather(1, positive))
            near = anchors[positive]
            wanted = encoded(near, torch.where(is_positive[..., None], boxes, near), self.head.bbox_coder)
            average = sum(chosen.sum(1).clamp(min=1).sum() for chosen in (is_positive, is_negative))
        chosen = torch.cat([positive, negative], 1)
        target = is_positive.new_zeros(chosen.shape, dtype=torch.float32)
        target[:, : positive.shape[1]] = 1
        errors = F.binary_cross_entropy_with_logits(scores.gather(1, chosen), target, reduction="none")
        loss = (errors * torch.cat([is_positive, is_negative], 1)).sum() / average
        made = deltas.gather(1, positive[..., None].expand(-1, -1, 4))
        weight = is_positive[..., None].expand_as(made).float()
        return {
            "loss_rpn_cls": self.head.loss_cls.loss_weight * loss,
            "loss_rpn_bbox": self.head.loss_bbox(made, wanted, weight, avg_factor=average),
        }

    def _proposals(
        self, scores: list[Tensor], deltas: list[Tensor], anchors: list[Tensor], shown: Objects
    ) -> tuple[Tensor, Tensor]:
        best, boxes, starts = [], [], [0]
        for score, delta, anchor in zip(scores, deltas, anchors, strict=True):
            top, index = score.sigmoid().topk(min(self.settings.nms_pre, score.shape[1]))
            delta = delta.gather(1, index[..., None].expand(-1, -1, 4))
            best.append(top)
            boxes.append(decoded(anchor[index], delta, self.head.bbox_coder))
            starts.append(starts[-1] + index.shape[1])
        limits = shown.sizes.flip(1).repeat(1, 2)[:, None]  # width, height, width, height
        score, box = torch.cat(best, 1), torch.cat(boxes, 1).clamp(min=0).minimum(limits)
        usable = (box[..., 2:] - box[..., :2] > self.settings.min_bbox_size).all(2)
        kept = suppressed(box, usable, starts, self.settings.nms.iou_threshold)
        score, index = torch.where(kept, score, -1.0).topk(min(self.settings.max_per_img, score.shape[1]))
        return box.gather(1, index[..., None].expand(-1, -1, 4)), score >= 0
