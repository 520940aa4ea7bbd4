# Top-down heat-maps with HRNet-W32 at 256 x 192 px (Sun et al., CVPR 2019), from ImageNet, for COCO and CrowdPose.
# Reference on COCO val2017: AP 74.6; on CrowdPose test: AP 67.5, easy 77.0, medium 68.7, hard 55.3; on detected boxes
# (MMPose, configs/body_2d_keypoint/topdown_heatmap/{coco,crowdpose}/hrnet_{coco,crowdpose}.yml).
_base_ = "./_base_/td-hm_210e.py"

model = dict(
    backbone=dict(
        type="HRNet",
        in_channels=3,
        extra=dict(
            stage1=dict(num_modules=1, num_branches=1, block="BOTTLENECK", num_blocks=(4,), num_channels=(64,)),
            stage2=dict(num_modules=1, num_branches=2, block="BASIC", num_blocks=(4, 4), num_channels=(32, 64)),
            stage3=dict(num_modules=4, num_branches=3, block="BASIC", num_blocks=(4,) * 3, num_channels=(32, 64, 128)),
            stage4=dict(
                num_modules=3, num_branches=4, block="BASIC", num_blocks=(4,) * 4, num_channels=(32, 64, 128, 256)
            ),
        ),
        init_cfg=dict(type="FetchedWeights", file="resources/weights/hrnet_w32.safetensors"),
    ),
    head=dict(in_channels=32, deconv_out_channels=None),
)
