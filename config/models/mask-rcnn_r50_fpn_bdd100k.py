# Mask R-CNN R50-FPN for BDD100K's instance segmentation (7,000 images), 3x schedule, 600 to 720 px.
# Reference on val: box AP 25.93, mask AP 19.88 (SysCV/bdd100k-models, ins_seg/README.md, R-50-FPN 3x with MS-train;
# 16 images per step at a learning rate of 0.02).
_base_ = "./_base_/mask-rcnn_r50_fpn.py"

train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True, with_mask=True),
    dict(type="RandomChoiceResize", scales=[(1280, height) for height in range(600, 721, 24)], keep_ratio=True),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PackDetInputs"),
]
test_pipeline = _base_.test_pipeline
test_pipeline[1].scale = (1280, 720)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

train_cfg = dict(max_epochs=36)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(type="MultiStepLR", begin=0, end=36, by_epoch=True, milestones=[24, 33], gamma=0.1),
]
