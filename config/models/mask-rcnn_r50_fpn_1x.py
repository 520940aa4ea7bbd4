# Mask R-CNN with ResNet-50 as published (1x schedule, 16 images a step), for a GPU. The backbone starts from
# torchvision's ImageNet weights, which torch downloads once.
_base_ = ["./_base_/mask-rcnn_fpn.py", "./_base_/runtime.py"]

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
        init_cfg=dict(type="Pretrained", checkpoint="torchvision://resnet50"),
    ),
)

train_dataloader = dict(batch_size=16, num_workers=8)
test_dataloader = dict(batch_size=8, num_workers=8)

train_cfg = dict(max_epochs=12)
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type="SGD", lr=0.02, momentum=0.9, weight_decay=0.0001), clip_grad=None
)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(type="MultiStepLR", begin=0, end=12, by_epoch=True, milestones=[8, 11], gamma=0.1),
]
