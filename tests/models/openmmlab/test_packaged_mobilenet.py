"""The packaged MobileNetV2 weights, in both toolkits' backbones."""

import pytest
import torch
from mmengine.registry import MODELS, DefaultScope

from anonbench.common import packaged_weights
from anonbench.common.errors import UserError
from anonbench.models.openmmlab import setup
from anonbench.models.openmmlab.packaged_mobilenet import PackagedMobileNetV2


@pytest.mark.parametrize("scope", ["mmdet", "mmpose"])
def test_features_equal_torchvisions(scope):
    from torchvision.models import mobilenet_v2

    theirs = mobilenet_v2()
    theirs.load_state_dict(packaged_weights.packaged_mobilenet_v2())
    setup.use(scope, 1)
    with DefaultScope.overwrite_default_scope(scope):
        ours = MODELS.build({"type": "MobileNetV2", "out_indices": (7,), "init_cfg": {"type": "PackagedMobileNetV2"}})
        ours.init_weights()
    ours.eval(), theirs.eval()
    image = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(ours(image)[0], theirs.features(image))


def test_another_width_is_refused():
    setup.use("mmdet", 1)
    with DefaultScope.overwrite_default_scope("mmdet"):
        narrow = MODELS.build({"type": "MobileNetV2", "widen_factor": 0.5})
    with pytest.raises(UserError, match="not a MobileNetV2 of width 1"):
        PackagedMobileNetV2()(narrow)


def test_a_file_that_is_not_torchvisions_is_refused(monkeypatch):
    monkeypatch.setattr(packaged_weights, "SHA256_PREFIX", "00000000")
    with pytest.raises(UserError, match="SHA-256"):
        packaged_weights.packaged_mobilenet_v2()
