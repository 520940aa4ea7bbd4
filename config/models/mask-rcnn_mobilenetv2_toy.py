# For tests: two epochs on tiny images, in seconds.
_base_ = "./_base_/mask-rcnn_mobilenetv2.py"

train_pipeline = _base_.train_pipeline
train_pipeline[2].scale = (96, 96)
test_pipeline = _base_.test_pipeline
test_pipeline[1].scale = (96, 96)
train_dataloader = dict(batch_size=2, dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

train_cfg = dict(max_epochs=2)
