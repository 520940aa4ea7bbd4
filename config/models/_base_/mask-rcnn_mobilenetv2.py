# The Mask R-CNN that a CPU trains in minutes: MobileNetV2 with its first stages frozen, narrow pyramid and heads.
_base_ = ["./mask-rcnn_fpn.py", "./runtime.py"]

scale = (448, 256)
roi_extractor = dict(
    roi_layer=dict(sampling_ratio=2),  # a fixed number of samples: the adaptive one is slow on CPUs
    out_channels=64,
)

model = dict(
    backbone=dict(
        type="MobileNetV2",
        out_indices=(1, 2, 4, 6),
        frozen_stages=2,
        norm_eval=False,
        init_cfg=dict(type="PackagedMobileNetV2"),
    ),
    neck=dict(in_channels=[24, 32, 96, 320], out_channels=64),
    rpn_head=dict(in_channels=64, feat_channels=64),
    roi_head=dict(
        bbox_roi_extractor=roi_extractor,
        bbox_head=dict(in_channels=64, fc_out_channels=256),
        mask_roi_extractor=roi_extractor,
        mask_head=dict(num_convs=2, in_channels=64, conv_out_channels=64),
    ),
    train_cfg=dict(rpn_proposal=dict(nms_pre=500, max_per_img=250), rcnn=dict(sampler=dict(num=128))),
    test_cfg=dict(rpn=dict(nms_pre=500, max_per_img=250)),
)

train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True, with_mask=True),
    dict(type="Resize", scale=scale, keep_ratio=True),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PackDetInputs"),
]
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="Resize", scale=scale, keep_ratio=True),
    dict(type="PackDetInputs", meta_keys=("img_id", "img_path", "ori_shape", "img_shape", "scale_factor")),
]
optim_wrapper = dict(optimizer=dict(lr=1e-3))
find_unused_parameters = True  # the layers behind the last stage, where several processes train
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
