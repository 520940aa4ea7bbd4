# The rendered scenes of the demo at their own size: about a minute and a half of one core for 200 images.
_base_ = "./_base_/mask-rcnn_mobilenetv2.py"

train_pipeline = _base_.train_pipeline
train_pipeline[2].scale = (256, 192)
test_pipeline = _base_.test_pipeline
test_pipeline[1].scale = (256, 192)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

train_cfg = dict(max_epochs=5)
