# Mask R-CNN R50-FPN for Cityscapes, from ImageNet: 64 epochs, about 24,000 steps, 8 GPUs with 1 image each.
# Reference on val, fine annotations only: mask AP 31.5 (He et al., ICCV 2017, table 7). Schedule and scales as in
# MMDetection's mask-rcnn_r50_fpn_1x_cityscapes.py, which visits the training set 8 times in each of 8 epochs.
_base_ = "./_base_/mask-rcnn_r50_fpn.py"

smooth_l1 = dict(_delete_=True, type="SmoothL1Loss", beta=1.0, loss_weight=1.0)
model = dict(roi_head=dict(bbox_head=dict(loss_bbox=smooth_l1)))

train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True, with_mask=True),
    dict(type="RandomResize", scale=[(2048, 800), (2048, 1024)], keep_ratio=True),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PackDetInputs"),
]
test_pipeline = _base_.test_pipeline
test_pipeline[1].scale = (2048, 1024)

auto_scale_lr = dict(base_batch_size=8)
train_dataloader = dict(batch_size=1, dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(batch_size=1, dataset=dict(pipeline=test_pipeline))

train_cfg = dict(max_epochs=64)
optim_wrapper = dict(optimizer=dict(lr=0.01))
param_scheduler = [
    dict(type="LinearLR", start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(type="MultiStepLR", begin=0, end=64, by_epoch=True, milestones=[56], gamma=0.1),
]
