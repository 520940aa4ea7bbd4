# Faster R-CNN R50-FPN for BDD100K's detection (69,863 images), 1x schedule: 12 epochs, 8 GPUs with 4 images each,
# 720 px. Reference on val: box AP 31.04 (SysCV/bdd100k-models, det/README.md, R-50-FPN 1x; 32 images per step at a
# learning rate of 0.04).
_base_ = "./_base_/mask-rcnn_r50_fpn.py"

boxes = _base_.model.roi_head
model = dict(
    type="FasterRCNN",
    roi_head=dict(
        _delete_=True, type=boxes.type, bbox_roi_extractor=boxes.bbox_roi_extractor, bbox_head=boxes.bbox_head
    ),
    train_cfg=dict(rcnn=dict(assigner=dict(match_low_quality=False))),
)

train_pipeline = _base_.train_pipeline
train_pipeline[1].with_mask = False
train_pipeline[2].scale = (1280, 720)
test_pipeline = _base_.test_pipeline
test_pipeline[1].scale = (1280, 720)

auto_scale_lr = dict(base_batch_size=32)
train_dataloader = dict(batch_size=4, dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(batch_size=4, dataset=dict(pipeline=test_pipeline))

train_cfg = dict(max_epochs=12)
optim_wrapper = dict(optimizer=dict(lr=0.04))
param_scheduler = [
    dict(type="LinearLR", start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(type="MultiStepLR", begin=0, end=12, by_epoch=True, milestones=[8, 11], gamma=0.1),
]
