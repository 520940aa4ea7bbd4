# The rendered scenes of the demo: under a minute for 600 people.
_base_ = "./_base_/td-hm_mobilenetv2.py"

train_cfg = dict(max_epochs=4)
