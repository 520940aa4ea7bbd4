# Mask R-CNN R50-FPN for COCO, 1x schedule: 12 epochs, 8 GPUs with 2 images each.
# Reference on val2017: box AP 38.2, mask AP 34.7; 38.1 and 34.7 in mixed precision
# (MMDetection, configs/mask_rcnn/metafile.yml, mask-rcnn_r50_fpn_1x_coco and mask-rcnn_r50_fpn_fp16_1x_coco).
_base_ = "./_base_/mask-rcnn_r50_fpn.py"

train_cfg = dict(max_epochs=12)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(type="MultiStepLR", begin=0, end=12, by_epoch=True, milestones=[8, 11], gamma=0.1),
]
