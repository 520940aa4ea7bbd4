# Penn-Fudan on two cores: about four minutes.
_base_ = "./_base_/mask-rcnn_mobilenetv2.py"
