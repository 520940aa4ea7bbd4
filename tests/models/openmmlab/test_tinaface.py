"""TinaFace's own parts: square crops, and scores that take the predicted IoU in."""

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData

from anonbench.models.openmmlab import setup

setup.use("mmdet", 1)
from mmdet.structures.bbox import HorizontalBoxes  # noqa: E402
from mmengine.config import ConfigDict  # noqa: E402

from anonbench.models.openmmlab.square_crop import RandomSquareCrop  # noqa: E402
from anonbench.models.openmmlab.tinaface import ContextModule, IoUAwareRetinaHead  # noqa: E402


def sample(boxes: list[list[float]], width: int = 200, height: int = 100) -> dict:
    """An image whose pixels are their own coordinates, so that a crop says where it was."""
    y, x = np.mgrid[:height, :width]
    return {
        "img": np.stack([x, y, x], axis=-1).astype(np.float32),
        "img_shape": (height, width),
        "gt_bboxes": HorizontalBoxes(torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)),
        "gt_bboxes_labels": np.arange(len(boxes)),
        "gt_ignore_flags": np.arange(len(boxes)) % 2 == 1,
    }


@pytest.mark.parametrize("seed", range(20))
def test_a_crop_is_square_and_keeps_the_boxes_whose_centres_it_holds(seed):
    np.random.seed(seed)
    boxes = np.array([[5, 5, 25, 45], [90, 30, 130, 70], [150, 60, 190, 99], [60, 80, 64, 84]], float)
    cropped = RandomSquareCrop([0.3, 0.6, 1.0]).transform(sample(boxes.tolist()))
    side = cropped["img"].shape[0]
    assert cropped["img"].shape[:2] == cropped["img_shape"] == (side, side) and side in (30, 60, 100)
    corner = cropped["img"][0, 0, :2]
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    kept = np.flatnonzero(((centres > corner) & (centres < corner + side)).all(axis=1))
    assert len(kept) and cropped["gt_bboxes_labels"].tolist() == kept.tolist()
    assert cropped["gt_ignore_flags"].tolist() == (kept % 2 == 1).tolist()
    expected = np.clip(boxes[kept] - np.tile(corner, 2), 0, side)
    np.testing.assert_allclose(cropped["gt_bboxes"].tensor.numpy(), expected)


def test_an_image_without_boxes_is_cropped_anywhere():
    cropped = RandomSquareCrop([0.5]).transform(sample([]))
    assert cropped["img"].shape[:2] == (50, 50) and len(cropped["gt_bboxes"]) == 0


def test_context_keeps_every_levels_shape():
    levels = tuple(torch.rand(2, 16, size, size) for size in (8, 4))
    outputs = ContextModule(16, norm_cfg=dict(type="BN"))(levels)
    assert [level.shape for level in outputs] == [level.shape for level in levels]
    assert all((level >= 0).all() for level in outputs)


@pytest.fixture
def head() -> IoUAwareRetinaHead:
    with DefaultScope.overwrite_default_scope("mmdet"):
        return IoUAwareRetinaHead(
            num_classes=1,
            in_channels=8,
            feat_channels=8,
            stacked_convs=1,
            anchor_generator=dict(
                type="AnchorGenerator", octave_base_scale=4, scales_per_octave=1, ratios=[1.0], strides=[8]
            ),
            bbox_coder=dict(type="DeltaXYWHBBoxCoder", target_stds=[0.1, 0.1, 0.2, 0.2]),
            reg_decoded_bbox=True,
            loss_cls=dict(type="FocalLoss", use_sigmoid=True),
            loss_bbox=dict(type="DIoULoss", loss_weight=2.0),
            train_cfg=ConfigDict(
                assigner=dict(type="MaxIoUAssigner", pos_iou_thr=0.35, neg_iou_thr=0.35, min_pos_iou=0.35),
                sampler=dict(type="PseudoSampler"),
                allowed_border=-1,
                pos_weight=-1,
            ),
        )


TEST_CFG = ConfigDict(
    fused_score_thr=0.01, min_height=9, min_bbox_size=-1, nms=dict(type="nms", iou_threshold=0.45), max_per_img=10
)


def test_scores_take_the_iou_in_and_low_boxes_go(head):
    boxes = torch.tensor([[0, 0, 20, 20], [50, 50, 70, 70], [100, 100, 120, 117], [150, 150, 170, 170]]).float()
    found = InstanceData(
        bboxes=boxes,
        scores=torch.tensor([0.9, 0.5, 0.9, 0.003]),
        labels=torch.zeros(4, dtype=torch.long),
        score_factors=torch.tensor([0.5, 1.0, 1.0, 0.9]),
    )
    results = head._bbox_post_process(found, TEST_CFG, rescale=True, img_meta={"scale_factor": (2.0, 2.0)})
    # The third is 8.5 px high in the original image, the fourth's score is under 0.01.
    torch.testing.assert_close(results.scores, torch.tensor([0.5**0.8, 0.9**0.8 * 0.5**1.2]))
    torch.testing.assert_close(results.bboxes, boxes[[1, 0]] / 2)


@pytest.mark.parametrize("faces", [0, 1])
def test_the_iou_is_learned_from_the_boxes_that_are_predicted(head, faces):
    """With deltas of zero a prediction is its anchor, and its target the anchor's IoU with the face."""
    head.init_weights()
    face = torch.tensor([[20.0, 16.0, 52.0, 48.0]])[:faces]
    truth = InstanceData(bboxes=face, labels=torch.zeros(faces, dtype=torch.long))
    outputs = head((torch.rand(1, 8, 10, 10),))
    assert outputs[1][0].abs().max() == outputs[2][0].abs().max() == 0
    losses = head.loss_by_feat(*outputs, [truth], [{"img_shape": (80, 80), "pad_shape": (80, 80)}])
    assert set(losses) == {"loss_cls", "loss_bbox", "loss_iou"}
    if faces:  # the logit of 0 costs log 2 for every positive anchor, whatever its target
        torch.testing.assert_close(losses["loss_iou"][0], torch.tensor(2.0).log())
    else:
        assert losses["loss_iou"][0] == losses["loss_bbox"][0] == 0
    sum(part for level in losses.values() for part in level).backward()
    assert all(p.grad is not None for p in head.parameters())
