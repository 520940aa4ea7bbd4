"""TensorFlow.js models: a small one of every translated operation, computed by torch as well."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
import torch
from torch.nn import functional

from anonbench.detect.network import Network
from anonbench.detect.tfjs import to_onnx

SIDE = 14


def text(value: str) -> dict:
    return {"s": base64.b64encode(value.encode()).decode()}


def numbers(*values: int) -> dict:
    return {"list": {"i": [str(value) for value in values]}}


class Files:
    """A model's two files, as the converter of TensorFlow.js writes them."""

    def __init__(self) -> None:
        self.nodes, self.weights, self.binary = [], [], b""

    def weight(self, name: str, values: np.ndarray, stored: type | None = None) -> str:
        kind = "float32" if values.dtype == np.float32 else "int32"
        entry = {"name": name, "shape": list(values.shape), "dtype": kind}
        if stored:
            entry["quantization"] = {"dtype": np.dtype(stored).name, "original_dtype": kind}
        self.weights.append(entry)
        self.nodes.append({"name": name, "op": "Const"})
        self.binary += values.astype(stored or np.dtype(kind)).tobytes()
        return name

    def integers(self, name: str, values: list) -> str:
        return self.weight(name, np.array(values, np.int32))

    def node(self, name: str, op: str, *inputs: str, **attributes: dict) -> str:
        self.nodes.append({"name": name, "op": op, "input": list(inputs), "attr": attributes})
        return name

    def graph(self) -> bytes:
        manifest = [{"paths": ["net.bin"], "weights": self.weights}]
        # The order of nodes means nothing.
        return json.dumps({"modelTopology": {"node": self.nodes[::-1]}, "weightsManifest": manifest}).encode()


@pytest.fixture
def files() -> Files:
    """A network of (1, 2, 14, 14)."""
    rng = np.random.default_rng(0)
    net = Files()
    dimensions = [{"size": str(size)} for size in (1, 2, SIDE, SIDE)]
    net.node("image", "Placeholder", shape={"shape": {"dim": dimensions}})
    net.node("nhwc", "Transpose", "image", net.integers("perm", [0, 2, 3, 1]))
    net.node("padded", "Pad", "nhwc", net.integers("pads", [[0, 0], [1, 2], [3, 0], [0, 0]]))
    kernel = net.weight("kernel", rng.normal(size=(3, 3, 2, 6)).astype(np.float32), np.float16)
    valid = {"padding": text("VALID")}
    net.node("conv", "Conv2D", "padded", kernel, strides=numbers(1, 2, 2, 1), dilations=numbers(1, 1, 1, 1), **valid)
    net.node("biased", "AddV2", "conv", net.weight("bias", rng.normal(size=(1, 1, 1, 6)).astype(np.float32)))
    net.node("leaky", "LeakyRelu", "biased", alpha={"f": 0.1})
    net.weight("low", np.float32(-9).reshape(()))
    net.node("edge", "PadV2", "leaky", net.integers("ring", [[0, 0], [1, 1], [1, 1], [0, 0]]), "low")
    net.node("pooled", "MaxPool", "edge", ksize=numbers(1, 3, 3, 1), strides=numbers(1, 2, 2, 1), **valid)
    half = {"half_pixel_centers": {"b": True}, "align_corners": {"b": False}}
    net.node("large", "ResizeBilinear", "pooled", net.integers("size", [9, 10]), **half)
    net.node("parts", "SplitV", "large", net.integers("split", [1, 3, 2]), net.integers("axis", 3))
    net.node("sum", "Add", "parts", "parts:1")
    net.node("joined", "ConcatV2", "parts:2", "sum", net.integers("last", -1))
    shape = {"places": [[0], [2]], "shape": [3], "values": [1, 5], "rest": -1}
    net.node("flat_shape", "SparseToDense", *(net.integers(name, values) for name, values in shape.items()))
    net.node("flat", "Reshape", "joined", "flat_shape")
    net.node("score", "Sigmoid", "flat")
    net.node("Identity", "Identity", "score")
    return net


def by_torch(files: Files, image: torch.Tensor) -> torch.Tensor:
    rng = np.random.default_rng(0)
    kernel = torch.from_numpy(rng.normal(size=(3, 3, 2, 6)).astype(np.float16).astype(np.float32)).permute(3, 2, 0, 1)
    bias = torch.from_numpy(rng.normal(size=6).astype(np.float32))
    x = functional.conv2d(functional.pad(image, (3, 0, 1, 2)), kernel, bias, stride=2)
    x = functional.max_pool2d(functional.pad(functional.leaky_relu(x, 0.1), (1, 1, 1, 1), value=-9), 3, 2)
    x = functional.interpolate(x, (9, 10), mode="bilinear", align_corners=False)
    x = torch.cat([x[:, 4:], x[:, :1] + x[:, 1:4]], 1).permute(0, 2, 3, 1)
    return torch.sigmoid(x.reshape(1, -1, 5))


def test_the_translation_computes_the_same(files):
    image = torch.from_numpy(np.random.default_rng(1).normal(size=(1, 2, SIDE, SIDE)).astype(np.float32))
    model = to_onnx(files.graph(), files.binary, ["Identity", "sum"])
    found, _ = Network(model, ["Identity", "sum"])(image.numpy())
    expected = by_torch(files, image)
    assert found.shape == expected.shape == (1, 90, 5)
    torch.testing.assert_close(torch.from_numpy(found), expected)


def test_a_depthwise_network_of_any_number_of_images_computes_the_same():
    rng = np.random.default_rng(0)
    kernel, each = (rng.normal(size=shape).astype(np.float32) for shape in ((3, 3, 2, 6), (3, 3, 6, 2)))
    net = Files()
    dimensions = [{"size": str(size)} for size in (-1, 9, 9, 2)]
    net.node("image", "Placeholder", shape={"shape": {"dim": dimensions}})
    same = {"padding": text("SAME"), "strides": numbers(1, 2, 2, 1)}
    net.node("conv", "Conv2D", "image", net.weight("kernel", kernel), **same)
    net.node("relu", "Relu", "conv")
    for name, op, bound in (("upper", "Minimum", 6), ("lower", "Maximum", 0.5)):
        net.weight(f"{name}/bound", np.float32(bound).reshape(()))
        net.node(name, op, {"upper": "relu", "lower": "upper"}[name], f"{name}/bound")
    net.node("each", "DepthwiseConv2dNative", "lower", net.weight("each/kernel", each), **same)
    net.node("scaled", "Mul", "each", net.weight("scale", rng.normal(size=12).astype(np.float32)))
    net.node("mean", "Mean", "scaled", net.integers("axes", [1, 2]))
    images = rng.normal(size=(3, 9, 9, 2)).astype(np.float32)
    found = Network(to_onnx(net.graph(), net.binary, ["mean"]), ["mean"])(images)[0]
    x = functional.pad(torch.from_numpy(images).permute(0, 3, 1, 2), (1, 1, 1, 1))
    x = functional.conv2d(x, torch.from_numpy(kernel).permute(3, 2, 0, 1), stride=2).clamp(0, 6).clamp(min=0.5)
    weights = torch.from_numpy(each).permute(2, 3, 0, 1).reshape(12, 1, 3, 3)
    x = functional.conv2d(functional.pad(x, (1, 1, 1, 1)), weights, stride=2, groups=6)
    scale = np.frombuffer(net.binary, np.float32, 12, 4 * (kernel.size + 2 + each.size))
    expected = x.mean((2, 3)).numpy() * scale
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("node", "change", "message"),
    [
        ("score", {"op": "Softplus"}, "the operation Softplus of score is not translated"),
        ("conv", {"attr": {"padding": text("EXPLICIT"), "strides": numbers(1, 2, 2, 1)}}, "padding EXPLICIT"),
        ("pooled", {"attr": {"padding": text("SAME")}}, "pooled pads by itself"),
        ("large", {"attr": {"align_corners": {"b": True}}}, "large resizes without half_pixel_centers"),
    ],
)
def test_what_is_not_translated_is_named(files, node, change, message):
    next(one for one in files.nodes if one["name"] == node).update(change)
    with pytest.raises(ValueError, match=message):
        to_onnx(files.graph(), files.binary, ["Identity"])


def test_files_that_do_not_fit_are_refused(files):
    with pytest.raises(ValueError, match=f"lists {len(files.binary)} bytes of weights, and the file has"):
        to_onnx(files.graph(), files.binary + b"1234", ["Identity"])
    files.weights[0]["quantization"] = {"dtype": "uint8", "scale": 0.1, "min": 0}
    with pytest.raises(ValueError, match="weights of 8 and 16 bits with a scale are not translated"):
        to_onnx(files.graph(), files.binary, ["Identity"])
