# Mask R-CNN R50-FPN at GPU size: the backbone starts from torchvision's ImageNet weights, its statistics and first
# stage stay fixed, SGD with 500 steps of warm-up (He et al., ICCV 2017; MMDetection's mask-rcnn_r50_fpn_1x_coco.py).
# One difference, `ignore_iof_thr` of mask-rcnn_fpn.py: inside crowds and instances without a mask, no background
# is learned; MMDetection's own file learns it.
_base_ = ["./mask-rcnn_fpn.py", "./runtime.py"]

made_for_gpu = True

model = dict(
    backbone=dict(
        type="ResNet",
        depth=50,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        frozen_stages=1,
        norm_cfg=dict(type="BN", requires_grad=True),
        norm_eval=True,
        style="pytorch",
        init_cfg=dict(type="FetchedWeights", file="resources/weights/resnet50.safetensors"),
    ),
)

# Batch of one GPU. The learning rate is for `base_batch_size` images per step and is scaled to the batch in use.
auto_scale_lr = dict(base_batch_size=16)
train_dataloader = dict(
    batch_size=2,
    num_workers=4,
    dataset=dict(filter_cfg=dict(filter_empty_gt=True, min_size=32)),
)
test_dataloader = dict(batch_size=2, num_workers=4)
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type="SGD", lr=0.02, momentum=0.9, weight_decay=0.0001), clip_grad=None
)
