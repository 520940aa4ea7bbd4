"""mmcv's operators on torchvision, against the compiled extension's own outputs."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from anonbench.common.root import ROOT
from anonbench.models.openmmlab import lean, ops

lean.install()
ops.install()

from mmcv.ops import (  # noqa: E402  (needs the operators above)
    batched_nms,
    deform_conv2d,
    modulated_deform_conv2d,
    nms,
    roi_align,
    roi_pool,
    sigmoid_focal_loss,
    soft_nms,
)
from mmdet.models.losses.focal_loss import py_sigmoid_focal_loss  # noqa: E402

from tests.helpers.cuda import CUDA  # noqa: E402

# The compiled extension computed the reference on a CPU; CUDA's operators add in another order.
ROUNDING = {"cpu": 1e-6, "cuda": 2e-5}


@pytest.fixture(scope="module", params=["cpu", CUDA])
def reference(request) -> dict[str, torch.Tensor]:
    with np.load(ROOT / "tests" / "fixtures" / "mmcv_ops_reference.npz") as arrays:
        return {name: torch.from_numpy(arrays[name]).to(request.param) for name in arrays}


def close(found: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=0, atol=ROUNDING[found.device.type])


@pytest.mark.parametrize("offset", [0, 1])
@pytest.mark.parametrize("tenths", [3, 5, 7])
def test_nms(reference, offset, tenths):
    dets, keep = nms(reference["boxes"], reference["scores"], tenths / 10, offset=offset)
    assert torch.equal(keep, reference[f"nms_off{offset}_thr{tenths}_keep"])
    assert torch.equal(dets, torch.cat([reference["boxes"], reference["scores"][:, None]], dim=1)[keep])


def test_batched_nms(reference):
    settings = {"type": "nms", "iou_threshold": 0.5}
    dets, keep = batched_nms(reference["boxes"], reference["scores"], reference["idxs"], settings)
    assert torch.equal(keep, reference["batched_nms_keep"])
    assert torch.equal(dets, reference["batched_nms_dets"])


@pytest.mark.parametrize("method", ["linear", "gaussian"])
def test_soft_nms(reference, method):
    dets, keep = soft_nms(reference["boxes"], reference["scores"], 0.5, sigma=0.5, min_score=1e-3, method=method)
    assert torch.equal(keep, reference[f"soft_nms_{method}_keep"])
    close(dets, reference[f"soft_nms_{method}_dets"])


def test_soft_nms_of_nothing():
    dets, keep = soft_nms(torch.zeros(0, 4), torch.zeros(0))
    assert dets.shape == (0, 5) and keep.shape == (0,)


@pytest.mark.parametrize("aligned", [0, 1])
@pytest.mark.parametrize("samples", [0, 2])
def test_roi_align(reference, aligned, samples):
    features = reference["feat"].clone().requires_grad_()
    out = roi_align(features, reference["rois"], (7, 7), 0.25, samples, "avg", bool(aligned))
    out.backward(torch.arange(out.numel(), device=out.device).reshape(out.shape) / out.numel())
    key = f"roi_align_al{aligned}_sr{samples}"
    close(out, reference[f"{key}_out"])
    close(features.grad, reference[f"{key}_grad"])


def test_deform_conv(reference):
    out = deform_conv2d(reference["dcn_in"], reference["dcn_off"], reference["dcn_w"], 1, 1, 1, 1, 1)
    close(out, reference["deform_conv2d_out"])
    modulated = modulated_deform_conv2d(
        reference["dcn_in"], reference["dcn_off"], reference["dcn_m"], reference["dcn_w"], None, 1, 1, 1, 1, 1
    )
    close(modulated, reference["modulated_deform_conv2d_out"])


@pytest.mark.parametrize("modulated", [False, True])
def test_deform_conv_gradients(modulated):
    """Against finite differences, with settings that tell height from width and a group from another."""
    rng = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.rand(*shape, generator=rng, dtype=torch.float64).requires_grad_()

    x, weight = draw(1, 2, 6, 7), draw(2, 1, 3, 2)
    offset, mask, bias = draw(1, 12, 2, 5), draw(1, 6, 2, 5), draw(2)
    where = ((2, 1), (1, 0), (2, 2), 2, 1)
    if modulated:
        arguments = (x, offset, mask, weight, bias)
        assert torch.autograd.gradcheck(lambda *a: modulated_deform_conv2d(*a, *where), arguments, eps=1e-6, atol=1e-5)
    else:
        assert torch.autograd.gradcheck(lambda *a: deform_conv2d(*a, *where), (x, offset, weight), eps=1e-6, atol=1e-5)


@pytest.mark.parametrize(("gamma", "alpha"), [(2.0, 0.25), (1.5, 0.6)])
def test_sigmoid_focal_loss(reference, gamma, alpha):
    """Value and gradient against MMDetection's own Python version, background and extreme logits included."""
    target = reference["fl_t"].clone()
    target[:3] = 5  # as many classes as logits: background
    logits = reference["fl_p"].clone()
    logits[3, 0], logits[4, 1] = 60.0, -60.0
    ours, theirs = logits.clone().requires_grad_(), logits.clone().requires_grad_()

    value = sigmoid_focal_loss(ours, target, gamma, alpha, None, "none")
    one_hot = torch.nn.functional.one_hot(target, 6)[:, :5]
    expected = py_sigmoid_focal_loss(theirs, one_hot, gamma=gamma, alpha=alpha, reduction="none")
    torch.testing.assert_close(value, expected, rtol=1e-6, atol=1e-6)

    upstream = torch.linspace(0.5, 2, value.numel(), device=value.device).reshape(value.shape)
    value.backward(upstream)
    expected.backward(upstream)
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-5, atol=1e-6)


def test_sigmoid_focal_loss_weights_classes(reference):
    weight = torch.arange(1.0, 6.0, device=reference["fl_p"].device)
    plain = sigmoid_focal_loss(reference["fl_p"], reference["fl_t"], 2.0, 0.25, None, "none")
    weighted = sigmoid_focal_loss(reference["fl_p"], reference["fl_t"], 2.0, 0.25, weight, "none")
    of_target = torch.cat([weight, weight.new_ones(1)])[reference["fl_t"]]  # background keeps its loss
    torch.testing.assert_close(weighted, plain * of_target[:, None])


def test_an_operator_that_is_not_served_names_itself_and_the_remedy(reference):
    with pytest.raises(NotImplementedError, match="roi_pool_forward.*Install an mmcv wheel"):
        roi_pool(reference["feat"], reference["rois"], (7, 7), 0.25)
    with pytest.raises(NotImplementedError, match="pool_mode='max'.*Install an mmcv wheel"):
        roi_align(reference["feat"], reference["rois"], (7, 7), 0.25, 0, "max", True)


def test_a_compiled_extension_is_preferred(tmp_path):
    compiled = tmp_path / "mmcv"
    compiled.mkdir()
    (compiled / "__init__.py").write_text("")
    (compiled / "_ext.py").write_text("def nms(boxes, scores, iou_threshold, offset):\n    return 'compiled'\n")
    program = (
        "from anonbench.models.openmmlab import ops\n"
        "assert ops.install() is False\n"
        "assert ops.install() is False\n"
        "import mmcv._ext\n"
        "assert mmcv._ext.nms(None, None, 0.5, 0) == 'compiled'\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env={"PYTHONPATH": f"{tmp_path}:{ROOT}", "PATH": ""})
