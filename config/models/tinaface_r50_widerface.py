# TinaFace R50-FPN-BN for WIDER FACE (Zhu et al., arXiv 2011.13183): RetinaNet from stride 4 on with context modules, a
# predicted IoU and DIoU loss; 630 epochs in 21 cosine cycles, 3 GPUs with 4 crops of 640 px each.
# Reference on val, one scale of 1100 x 1650 px: easy 95.7, medium 95.4, hard 92.2
# (Media-Smart/vedadet, configs/trainval/tinaface/README.md, R50-FPN-BN).
_base_ = "./_base_/runtime.py"
made_for_gpu = True
default_scope = "mmdet"

norm = dict(type="BN", requires_grad=True)
model = dict(
    type="RetinaNet",
    data_preprocessor=dict(
        type="DetDataPreprocessor",
        mean=[123.675, 116.28, 103.53],
        std=[1.0, 1.0, 1.0],
        bgr_to_rgb=True,
        pad_size_divisor=32,
    ),
    backbone=dict(
        type="ResNet",
        depth=50,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        norm_cfg=norm,
        norm_eval=False,
        style="pytorch",
        init_cfg=dict(type="FetchedWeights", file="resources/weights/resnet50.safetensors"),
    ),
    neck=[
        dict(
            type="FPN",
            in_channels=[256, 512, 1024, 2048],
            out_channels=256,
            start_level=0,
            add_extra_convs="on_input",
            num_outs=6,
            norm_cfg=norm,
            upsample_cfg=dict(mode="bilinear"),
        ),
        dict(type="ContextModule", channels=256, norm_cfg=norm),
    ],
    bbox_head=dict(
        type="IoUAwareRetinaHead",
        in_channels=256,
        stacked_convs=4,
        feat_channels=256,
        norm_cfg=norm,
        anchor_generator=dict(
            type="AnchorGenerator",
            octave_base_scale=2 ** (4 / 3),  # 10 px at stride 4: the smallest faces that the benchmark counts
            scales_per_octave=3,
            ratios=[1.3],
            strides=[4, 8, 16, 32, 64, 128],
        ),
        bbox_coder=dict(type="DeltaXYWHBBoxCoder", target_means=[0.0] * 4, target_stds=[0.1, 0.1, 0.2, 0.2]),
        reg_decoded_bbox=True,
        loss_cls=dict(type="FocalLoss", use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0),
        loss_bbox=dict(type="DIoULoss", loss_weight=2.0),
    ),
    train_cfg=dict(
        assigner=dict(
            type="MaxIoUAssigner",
            pos_iou_thr=0.35,
            neg_iou_thr=0.35,
            min_pos_iou=0.35,
            ignore_iof_thr=0.5,  # -1 as published; here no background is learned inside ignored faces
            gpu_assign_thr=100,  # images with more faces are assigned on the CPU to limit GPU memory
        ),
        sampler=dict(type="PseudoSampler"),
        allowed_border=-1,
        pos_weight=-1,
        debug=False,
    ),
    test_cfg=dict(
        nms_pre=10000,
        score_thr=0.003,  # before the score is fused with the IoU; nothing below it can reach `fused_score_thr`
        fused_score_thr=0.01,
        min_height=9,
        nms=dict(type="nms", iou_threshold=0.45),
        max_per_img=2000,
    ),
)

train_pipeline = [
    dict(type="LoadImageFromFile", to_float32=True),
    dict(type="LoadAnnotations", with_bbox=True, with_mask=False),
    dict(type="RandomSquareCrop", sides=[0.3, 0.45, 0.6, 0.8, 1.0]),
    dict(
        type="PhotoMetricDistortion",
        brightness_delta=32,
        contrast_range=(0.5, 1.5),
        saturation_range=(0.5, 1.5),
        hue_delta=18,
    ),
    dict(type="RandomFlip", prob=0.5),
    dict(type="Resize", scale=(640, 640), keep_ratio=False),
    dict(type="PackDetInputs"),
]
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="Resize", scale=(1650, 1100), keep_ratio=True),
    dict(type="PackDetInputs", meta_keys=("img_id", "img_path", "ori_shape", "img_shape", "scale_factor")),
]

# Batch of one GPU. The learning rate is for `base_batch_size` crops per step and is scaled to the batch in use.
auto_scale_lr = dict(base_batch_size=12)
train_dataloader = dict(
    batch_size=4,
    num_workers=4,
    sampler=dict(type="DefaultSampler", shuffle=True),
    dataset=dict(type="Instances", filter_cfg=dict(filter_empty_gt=True, min_size=1), pipeline=train_pipeline),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=4,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(type="Instances", test_mode=True, pipeline=test_pipeline),
)

train_cfg = dict(max_epochs=630)
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type="SGD", lr=3.75e-3, momentum=0.9, weight_decay=5e-4), clip_grad=None
)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.1, by_epoch=False, begin=0, end=500),
    dict(
        type="CosineRestartLR",
        periods=[30] * 21,
        restart_weights=[1] * 21,
        eta_min_ratio=0.01,
        begin=0,
        end=630,
        by_epoch=True,
    ),
]
