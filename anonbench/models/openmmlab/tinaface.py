"""What TinaFace adds to RetinaNet (Zhu et al., arXiv 2011.13183): context modules and a predicted IoU."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmdet.models.dense_heads.retina_head import RetinaHead
from mmdet.models.utils import images_to_levels, multi_apply
from mmdet.registry import MODELS
from mmdet.structures.bbox import bbox_overlaps, cat_boxes
from mmdet.utils import reduce_mean
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from torch import Tensor, nn


@MODELS.register_module()
class ContextModule(BaseModule):
    """Receptive fields of 3, 5 and 7 px beside each other, with the same layers for every level of the pyramid.

    Parameters
    ----------
    channels
        Of every level, in and out: half for 3 px, a quarter each for 5 and 7 px.
    norm_cfg
        Normalization of every convolution.
    """

    def __init__(self, channels: int, norm_cfg: dict[str, Any]) -> None:
        super().__init__(init_cfg=dict(type="Xavier", layer="Conv2d", distribution="uniform"))
        half, quarter = channels // 2, channels // 4

        def conv(inputs: int, outputs: int, act: bool) -> ConvModule:
            act_cfg = dict(type="ReLU") if act else None
            return ConvModule(inputs, outputs, 3, padding=1, norm_cfg=norm_cfg, act_cfg=act_cfg)

        self.near = conv(channels, half, act=False)
        self.shared = conv(channels, quarter, act=True)
        self.middle = conv(quarter, quarter, act=False)
        self.far = nn.Sequential(conv(quarter, quarter, act=True), conv(quarter, quarter, act=False))

    def forward(self, levels: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """(B, channels, H, W) of each level to the same shapes."""
        return tuple(map(self._level, levels))

    def _level(self, level: Tensor) -> Tensor:
        shared = self.shared(level)
        return F.relu(torch.cat([self.near(level), self.middle(shared), self.far(shared)], dim=1))


@MODELS.register_module()
class IoUAwareRetinaHead(RetinaHead):
    """RetinaNet's head with a third output for every anchor: the IoU of its box with the object's.

    The score of a box is ``class ** (2 a) * iou ** (2 (1 - a))`` with a = 0.4 (Wu et al., Image and Vision Computing
    2020, and the authors' implementation of TinaFace). ``test_cfg`` has two keys of its own: ``fused_score_thr``, the
    lowest of these scores that is kept, and ``min_height``, the height in px of the original image below which a box is
    dropped, because the benchmark does not count faces that small.
    """

    ALPHA = 0.4

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        zero = [dict(type="Constant", name=name, val=0.0) for name in ("retina_reg", "retina_iou")]
        prior = dict(type="Normal", name="retina_cls", std=0.01, bias_prob=0.01)
        init_cfg = dict(type="Normal", layer="Conv2d", std=0.01, override=[prior, *zero])
        super().__init__(*args, init_cfg=init_cfg, **kwargs)

    def _init_layers(self) -> None:
        super()._init_layers()
        self.retina_iou = nn.Conv2d(self.feat_channels, self.num_base_priors, 3, padding=1)

    def forward_single(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """One level (B, C, H, W) to class logits, box deltas and IoU logits of its anchors, as channels."""
        classes = boxes = x
        for of_classes, of_boxes in zip(self.cls_convs, self.reg_convs, strict=True):
            classes, boxes = of_classes(classes), of_boxes(boxes)
        return self.retina_cls(classes), self.retina_reg(boxes), self.retina_iou(boxes)

    def loss_by_feat(
        self,
        cls_scores: list[Tensor],
        bbox_preds: list[Tensor],
        iou_preds: list[Tensor],
        batch_gt_instances: list[InstanceData],
        batch_img_metas: list[dict[str, Any]],
        batch_gt_instances_ignore: list[InstanceData] | None = None,
    ) -> dict[str, list[Tensor]]:
        """``loss_cls``, ``loss_bbox`` and ``loss_iou`` of every level, each by the positive anchors of all devices."""
        anchors, valid = self.get_anchors([s.shape[-2:] for s in cls_scores], batch_img_metas, cls_scores[0].device)
        *targets, positives = self.get_targets(
            anchors, valid, batch_gt_instances, batch_img_metas, batch_gt_instances_ignore
        )
        levels = images_to_levels([cat_boxes(of_image) for of_image in anchors], [len(a) for a in anchors[0]])
        average = reduce_mean(cls_scores[0].new_tensor(float(positives), dtype=torch.float32)).clamp(min=1).item()
        losses = multi_apply(self._level_losses, cls_scores, bbox_preds, iou_preds, levels, *targets, average=average)
        return dict(zip(("loss_cls", "loss_bbox", "loss_iou"), losses, strict=True))

    def _level_losses(
        self,
        cls_score: Tensor,
        bbox_pred: Tensor,
        iou_pred: Tensor,
        anchors: Tensor,
        labels: Tensor,
        label_weights: Tensor,
        bbox_targets: Tensor,
        bbox_weights: Tensor,
        average: float,
    ) -> tuple[Tensor, Tensor, Tensor]:
        loss_cls, loss_bbox = self.loss_by_feat_single(
            cls_score, bbox_pred, anchors, labels, label_weights, bbox_targets, bbox_weights, avg_factor=average
        )
        labels = labels.reshape(-1)
        positive = (labels >= 0) & (labels < self.num_classes)
        deltas = bbox_pred.permute(0, 2, 3, 1).reshape(-1, 4)[positive].detach()
        boxes = self.bbox_coder.decode(anchors.reshape(-1, 4)[positive], deltas)
        overlaps = bbox_overlaps(boxes, bbox_targets.reshape(-1, 4)[positive], is_aligned=True)
        logits = iou_pred.permute(0, 2, 3, 1).reshape(-1)[positive].float()
        return loss_cls, loss_bbox, F.binary_cross_entropy_with_logits(logits, overlaps, reduction="sum") / average

    def _bbox_post_process(
        self, results: InstanceData, cfg: Any, rescale: bool = False, with_nms: bool = True, img_meta: Any = None
    ) -> InstanceData:
        """Fuse class scores and IoUs (N,), then drop weak and low boxes, and suppress doubles."""
        iou = results.pop("score_factors")
        results.scores = results.scores.float() ** (2 * self.ALPHA) * iou.float() ** (2 * (1 - self.ALPHA))
        height = results.bboxes[:, 3] - results.bboxes[:, 1]
        if rescale:
            height = height / img_meta["scale_factor"][1]
        results = results[(results.scores > cfg.fused_score_thr) & (height >= cfg.min_height)]
        return super()._bbox_post_process(results, cfg, rescale, with_nms, img_meta)
