# For tests: two epochs on a handful of people, in seconds.
_base_ = "./_base_/td-hm_mobilenetv2.py"

train_cfg = dict(max_epochs=2)
train_dataloader = dict(batch_size=4)
