# The pose estimator that two CPU cores train in minutes: MobileNetV2 and crops of 96 x 128 px.
_base_ = ["./td-hm.py", "./runtime.py"]

codec = dict(type="MSRAHeatmap", input_size=(96, 128), heatmap_size=(24, 32), sigma=1)

model = dict(
    backbone=dict(type="MobileNetV2", out_indices=(6,), frozen_stages=2, init_cfg=dict(type="PackagedMobileNetV2")),
    head=dict(in_channels=320, deconv_out_channels=(128, 128, 128), deconv_kernel_sizes=(4, 4, 4), decoder=codec),
)

train_pipeline = [
    dict(type="LoadImage"),
    dict(type="GetBBoxCenterScale"),
    dict(type="RandomFlip", direction="horizontal"),
    dict(type="RandomBBoxTransform", rotate_factor=40, scale_factor=(0.75, 1.25)),
    dict(type="TopdownAffine", input_size=codec["input_size"]),
    dict(type="GenerateTarget", encoder=codec),
    dict(type="PackPoseInputs"),
]
test_pipeline = [
    dict(type="LoadImage"),
    dict(type="GetBBoxCenterScale"),
    dict(type="TopdownAffine", input_size=codec["input_size"]),
    dict(type="PackPoseInputs"),
]
train_dataloader = dict(batch_size=16, dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

optim_wrapper = dict(optimizer=dict(lr=1e-3))
find_unused_parameters = True  # the layers behind the last stage, where several processes train
