# The rendered scenes of the demo: crops of 64 x 96 px, four scales of features, mirroring as the only augmentation.
_base_ = "./_base_/td-hm_mobilenetv2.py"

codec = dict(type="MSRAHeatmap", input_size=(64, 96), heatmap_size=(16, 24), sigma=1)

model = dict(
    backbone=dict(out_indices=(1, 2, 4, 6)),
    neck=dict(type="FeatureMapProcessor", concat=True),
    head=dict(
        in_channels=24 + 32 + 96 + 320,
        deconv_out_channels=None,
        deconv_kernel_sizes=None,
        conv_out_channels=(64, 64),
        conv_kernel_sizes=(1, 3),
        decoder=codec,
    ),
)

train_pipeline = [
    dict(type="LoadImage"),
    dict(type="GetBBoxCenterScale"),
    dict(type="RandomFlip", direction="horizontal"),
    dict(type="TopdownAffine", input_size=codec["input_size"]),
    dict(type="GenerateTarget", encoder=codec),
    dict(type="PackPoseInputs"),
]
test_pipeline = _base_.test_pipeline
test_pipeline[2].input_size = codec["input_size"]
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

optim_wrapper = dict(optimizer=dict(lr=1.5e-3, fused=True))
train_cfg = dict(max_epochs=5)
