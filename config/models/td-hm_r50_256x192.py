# Top-down heat-maps with ResNet-50 at 256 x 192 px as published (SimpleBaseline), for a GPU. The backbone starts from
# torchvision's ImageNet weights, which torch downloads once.
_base_ = ["./_base_/td-hm.py", "./_base_/runtime.py"]

model = dict(
    backbone=dict(type="ResNet", depth=50, init_cfg=dict(type="Pretrained", checkpoint="torchvision://resnet50")),
    head=dict(in_channels=2048),
)

train_dataloader = dict(batch_size=64, num_workers=8)
test_dataloader = dict(batch_size=64, num_workers=8)

train_cfg = dict(max_epochs=210)
optim_wrapper = dict(optimizer=dict(_delete_=True, type="Adam", lr=5e-4), clip_grad=None)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(type="MultiStepLR", begin=0, end=210, by_epoch=True, milestones=[170, 200], gamma=0.1),
]
