# The rendered scenes of the demo at their own size: a narrower pyramid and mask head, and fewer regions per image.
_base_ = "./_base_/mask-rcnn_mobilenetv2.py"

channels = 48
roi_extractor = dict(roi_layer=dict(sampling_ratio=1), out_channels=channels)

model = dict(
    backbone=dict(frozen_stages=3),
    neck=dict(out_channels=channels),
    rpn_head=dict(
        in_channels=channels,
        feat_channels=channels,
        anchor_generator=dict(scales=[6], ratios=[0.6, 1.8]),
    ),
    roi_head=dict(
        bbox_roi_extractor=roi_extractor,
        bbox_head=dict(in_channels=channels),
        mask_roi_extractor=roi_extractor,
        mask_head=dict(in_channels=channels, conv_out_channels=32),
    ),
    train_cfg=dict(rpn_proposal=dict(nms_pre=300, max_per_img=150), rcnn=dict(sampler=dict(num=64, pos_fraction=0.5))),
    test_cfg=dict(rpn=dict(nms_pre=300, max_per_img=100)),
)

train_pipeline = _base_.train_pipeline
train_pipeline[2].scale = (256, 192)
test_pipeline = _base_.test_pipeline
test_pipeline[1].scale = (256, 192)
train_dataloader = dict(batch_size=2, dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

optim_wrapper = dict(optimizer=dict(lr=2.2e-3, fused=True))
train_cfg = dict(max_epochs=4)
