"""The packaged MobileNetV2, which a model config names as ``init_cfg=dict(type="PackagedMobileNetV2")``."""

from __future__ import annotations

from mmengine.registry import WEIGHT_INITIALIZERS
from torch import nn

from anonbench.common.errors import UserError
from anonbench.common.packaged_weights import packaged_mobilenet_v2


@WEIGHT_INITIALIZERS.register_module()
class PackagedMobileNetV2:
    """Load the packaged weights into mmdet's or mmpose's ``MobileNetV2``.

    Both build torchvision's layers in torchvision's order under other names, so tensors are matched by their place and
    must agree in shape. ImageNet's classifier is left out.
    """

    def __call__(self, module: nn.Module) -> None:
        source = [(name, value) for name, value in packaged_mobilenet_v2().items() if name.startswith("features.")]
        target = module.state_dict()
        if [value.shape for _, value in source] != [value.shape for value in target.values()]:
            raise UserError(
                "The model config starts a backbone from PackagedMobileNetV2 that is not a MobileNetV2 of width 1.",
                "Use the packaged weights for `MobileNetV2` with widen_factor=1.0 only.",
            )
        module.load_state_dict(dict(zip(target, (value for _, value in source), strict=True)))
        for layer in module.modules():
            if layer is not module:
                layer.is_init = True  # or MMEngine initializes some layers at random after this
