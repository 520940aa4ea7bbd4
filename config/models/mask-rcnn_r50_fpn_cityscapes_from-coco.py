# The same model, started from COCO's Mask R-CNN, as the literature's stronger results are. Those weights have seen
# COCO's original people, so the cost of anonymization is underestimated.
# Reference on val: box AP 40.9, mask AP 36.4 (MMDetection, configs/cityscapes/README.md).
_base_ = "./mask-rcnn_r50_fpn_cityscapes.py"

model = dict(backbone=dict(init_cfg=None))
load_from = "resources/weights/mask_rcnn_r50_fpn_1x_coco.safetensors"
