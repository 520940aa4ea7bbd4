"""Which object each anchor or proposal belongs to, without a loop over the objects.

The rule is that of MMDetection's ``MaxIoUAssigner``, whose loop asks the device for an answer for every object.
"""

from __future__ import annotations

import torch
from mmdet.models.task_modules.assigners import AssignResult, MaxIoUAssigner
from mmdet.registry import TASK_UTILS
from torch import Tensor

SMALLEST = 1e-6  # px², by which MMDetection divides at least


def assigned(overlaps: Tensor, rule: MaxIoUAssigner) -> Tensor:
    """The object of each prior, counted from 1; 0 for background and -1 for neither.

    Parameters
    ----------
    overlaps
        (K, N) IoU of K > 0 objects with N priors; -1 where a prior is to be left out.
    rule
        Holds the thresholds. A prior that overlaps an object more than any other does (and by ``min_pos_iou``) is that
        object's; where there are several such objects, the last one's.
    """
    best, which = overlaps.max(dim=0)
    low, high = rule.neg_iou_thr if isinstance(rule.neg_iou_thr, tuple) else (0, rule.neg_iou_thr)
    found = torch.where((best >= low) & (best < high), 0, -1)
    found = torch.where(best >= rule.pos_iou_thr, which + 1, found)
    if rule.match_low_quality:
        of_object = overlaps.max(dim=1, keepdim=True).values
        matched = (overlaps == of_object) & (of_object >= rule.min_pos_iou)
        numbers = torch.arange(1, len(overlaps) + 1, device=overlaps.device)[:, None]
        last = torch.where(matched, numbers, 0).amax(dim=0)
        found = torch.where(last > 0, last, found)
    return found


def assigned_in_image(priors: Tensor, boxes: Tensor, ignored: Tensor, usable: Tensor, rule: MaxIoUAssigner) -> Tensor:
    """The same from boxes.

    Parameters
    ----------
    priors
        (N, 4) xyxy px.
    boxes, ignored
        (K, 4) objects and (M, 4) regions to ignore, xyxy px.
    usable
        (N,) whether a prior counts at all; it is -1 otherwise.
    rule
        As above; ``ignore_iof_thr`` is the part of a prior inside of an ignored region from which it is left out.
    """
    if not len(boxes):
        return torch.where(usable, 0, -1)
    shared, area = _shared(boxes, priors), _area(priors)
    overlaps = shared / (_area(boxes)[:, None] + area - shared).clamp(min=SMALLEST)
    if rule.ignore_iof_thr > 0 and len(ignored):
        part = _shared(ignored, priors) / area.clamp(min=SMALLEST)
        usable = usable & (part.amax(dim=0) <= rule.ignore_iof_thr)
    return assigned(torch.where(usable, overlaps, -1), rule)


def _shared(boxes: Tensor, priors: Tensor) -> Tensor:
    """(K, N) areas that boxes (K, 4) and priors (N, 4) share. MMDetection's function waits for the device."""
    corner, end = boxes[:, None, :2].maximum(priors[:, :2]), boxes[:, None, 2:].minimum(priors[:, 2:])
    return (end - corner).clamp(min=0).prod(dim=2)


def _area(boxes: Tensor) -> Tensor:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


@TASK_UTILS.register_module()
class WholeMaxIoUAssigner(MaxIoUAssigner):
    """MMDetection's assigner with the loop over objects as one operation; its results are the same."""

    def assign_wrt_overlaps(self, overlaps: Tensor, gt_labels: Tensor) -> AssignResult:
        if not overlaps.numel() or not self.gt_max_assign_all:
            return super().assign_wrt_overlaps(overlaps, gt_labels)
        found = assigned(overlaps, self)
        labels = torch.where(found > 0, gt_labels[(found - 1).clamp(min=0)], -1)
        return AssignResult(len(overlaps), found, overlaps.amax(dim=0), labels=labels)
