# Only TinaFace's first cosine cycle, 30 of 630 epochs, for studies of many cells. No result is published for it.
_base_ = "./tinaface_r50_widerface.py"

train_cfg = dict(max_epochs=30)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.1, by_epoch=False, begin=0, end=500),
    dict(type="CosineRestartLR", periods=[30], eta_min_ratio=0.01, begin=0, end=30, by_epoch=True),
]
