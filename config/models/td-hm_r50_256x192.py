# Top-down heat-maps with ResNet-50 at 256 x 192 px (SimpleBaseline; Xiao et al., ECCV 2018): 210 epochs, 8 GPUs with 64
# people each. Reference on COCO val2017: AP 71.8; on CrowdPose test: AP 63.7, on detected boxes
# (MMPose, configs/body_2d_keypoint/topdown_heatmap/{coco,crowdpose}/resnet_{coco,crowdpose}.yml).
_base_ = "./_base_/td-hm_210e.py"

model = dict(
    backbone=dict(
        type="ResNet",
        depth=50,
        init_cfg=dict(type="FetchedWeights", file="resources/weights/resnet50.safetensors"),
    ),
    head=dict(in_channels=2048),
)
