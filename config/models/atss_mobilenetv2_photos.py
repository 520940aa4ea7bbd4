# Faces, in eight minutes on one core: ATSS (Zhang et al., CVPR 2020) on MobileNetV2 with a narrow pyramid from stride 4
# on and the context modules of TinaFace (arXiv 2011.13183) in place of towers. It learns from crops of the images.
_base_ = "./_base_/runtime.py"
default_scope = "mmdet"

channels = 64
norm = dict(type="BN", requires_grad=True)
model = dict(
    type="ATSS",
    data_preprocessor=dict(
        type="DetDataPreprocessor",
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_size_divisor=32,
    ),
    backbone=dict(
        type="MobileNetV2",
        out_indices=(1, 2, 4, 6),
        frozen_stages=2,
        norm_eval=False,
        init_cfg=dict(type="PackagedMobileNetV2"),
    ),
    neck=[
        dict(
            type="FPN",
            in_channels=[24, 32, 96, 320],
            out_channels=channels,
            add_extra_convs="on_input",
            num_outs=6,
            norm_cfg=norm,
        ),
        dict(type="ContextModule", channels=channels, norm_cfg=norm),
    ],
    bbox_head=dict(
        type="ATSSHead",
        in_channels=channels,
        feat_channels=channels,
        stacked_convs=0,
        anchor_generator=dict(
            type="AnchorGenerator",
            octave_base_scale=4,  # 16 px at stride 4, whose cells smaller faces learn from, too
            scales_per_octave=1,
            ratios=[1.3],
            strides=[4, 8, 16, 32, 64, 128],
        ),
        bbox_coder=dict(type="DeltaXYWHBBoxCoder", target_means=[0.0] * 4, target_stds=[0.1, 0.1, 0.2, 0.2]),
        loss_cls=dict(type="FocalLoss", use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0),
        loss_bbox=dict(type="GIoULoss", loss_weight=2.0),
        loss_centerness=dict(type="CrossEntropyLoss", use_sigmoid=True, loss_weight=1.0),
    ),
    train_cfg=dict(
        assigner=dict(type="ATSSAssigner", topk=9, ignore_iof_thr=0.5),
        allowed_border=-1,
        pos_weight=-1,
        debug=False,
    ),
    test_cfg=dict(
        nms_pre=1000, min_bbox_size=0, score_thr=0.05, nms=dict(type="nms", iou_threshold=0.45), max_per_img=300
    ),
)

train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True, with_mask=False),
    dict(type="RandomSquareCrop", sides=[0.3, 0.45, 0.6, 0.8, 1.0]),
    dict(type="RandomFlip", prob=0.5),
    dict(type="Resize", scale=(320, 320), keep_ratio=False),
    dict(type="PackDetInputs"),
]
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="Resize", scale=(896, 672), keep_ratio=True),
    dict(type="PackDetInputs", meta_keys=("img_id", "img_path", "ori_shape", "img_shape", "scale_factor")),
]
train_dataloader = dict(
    batch_size=4,
    num_workers=0,
    sampler=dict(type="DefaultSampler", shuffle=True),
    dataset=dict(type="Instances", pipeline=train_pipeline),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(type="Instances", test_mode=True, pipeline=test_pipeline),
)

train_cfg = dict(max_epochs=18)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
find_unused_parameters = True  # the layers behind the last stage, where several processes train
