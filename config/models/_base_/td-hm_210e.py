# Top-down heat-maps at GPU size: Adam, 210 epochs, 512 people per step, 8 GPUs with 64 each (Xiao et al., ECCV 2018;
# Sun et al., CVPR 2019; MMPose's td-hm_*_8xb64-210e_*.py).
_base_ = ["./td-hm.py", "./runtime.py"]

made_for_gpu = True

# Batch of one GPU. The learning rate is for `base_batch_size` people per step and is scaled to the batch in use.
auto_scale_lr = dict(base_batch_size=512)
train_dataloader = dict(batch_size=64, num_workers=4)
test_dataloader = dict(batch_size=64, num_workers=4)

train_cfg = dict(max_epochs=210)
optim_wrapper = dict(optimizer=dict(_delete_=True, type="Adam", lr=5e-4), clip_grad=None)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(type="MultiStepLR", begin=0, end=210, by_epoch=True, milestones=[170, 200], gamma=0.1),
]
