"""TensorFlow.js graph models as ONNX models.

The format is a JSON file with TensorFlow's graph and a list of weights, and a binary file with their numbers one after
another, maybe as float16 (https://github.com/tensorflow/tfjs, ``tfjs-core/src/io/types.ts``). Those operations are
translated that the models of :mod:`anonbench.detect.weights` use.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

_OPSET = 18
_NCHW, _NHWC = [0, 3, 1, 2], [0, 2, 3, 1]
_PADDINGS = {"VALID": "VALID", "SAME": "SAME_UPPER"}


def to_onnx(graph: bytes, numbers: bytes, outputs: Sequence[str]) -> onnx.ModelProto:
    """Translate a model.

    Parameters
    ----------
    graph, numbers
        The contents of its JSON and its binary file.
    outputs
        The nodes whose values the translation returns, under their names.

    Raises
    ------
    ValueError
        If the graph has an operation that is not translated, or the files do not fit each other.
    """
    document = json.loads(graph)
    return _Translation(document["modelTopology"]["node"], _weights(document["weightsManifest"], numbers)).of(outputs)


def _weights(manifest: list[dict[str, Any]], numbers: bytes) -> dict[str, np.ndarray]:
    weights, start = {}, 0
    for entry in (entry for group in manifest for entry in group["weights"]):
        quantized = entry.get("quantization", {})
        if "scale" in quantized:
            raise ValueError("weights of 8 and 16 bits with a scale are not translated")
        stored = np.dtype(quantized.get("dtype", entry["dtype"]))
        count = math.prod(entry["shape"])
        values = np.frombuffer(numbers, stored.newbyteorder("<"), count, start).reshape(entry["shape"])
        weights[entry["name"]] = values.astype(np.float32 if entry["dtype"] == "float32" else np.int64)
        start += count * stored.itemsize
    if start != len(numbers):
        raise ValueError(f"the graph lists {start} bytes of weights, and the file has {len(numbers)}")
    return weights


class _Translation:
    """The ONNX nodes of one graph, in order; of a node that others need, only once."""

    def __init__(self, nodes: list[dict[str, Any]], weights: dict[str, np.ndarray]) -> None:
        self._given = {node["name"]: node for node in nodes}
        self._constants = dict(weights)
        self._inputs: list[onnx.ValueInfoProto] = []
        self._initializers: dict[str, onnx.TensorProto] = {}
        self._made: list[onnx.NodeProto] = []
        self._done: set[str] = set()

    def of(self, outputs: Sequence[str]) -> onnx.ModelProto:
        for name in outputs:
            self._visit(name)
        results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
        graph = helper.make_graph(self._made, "tfjs", self._inputs, results, list(self._initializers.values()))
        # The oldest format that has the operator set: onnxruntime reads no newer one than its own.
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=8)

    def _visit(self, name: str) -> None:
        """Translate a node after those that it needs; without recursion, which long graphs exhaust."""
        stack = [name]
        while stack:
            name = stack[-1]
            if name in self._done or name in self._constants:
                stack.pop()
                continue
            node = self._given[name]
            missing = [i for i in map(_node_of, node.get("input", [])) if i not in self._done | self._constants.keys()]
            if missing:
                stack += missing
                continue
            stack.pop()
            self._done.add(name)
            translate = getattr(self, f"_{node['op'].lower()}", None)
            if translate is None:
                raise ValueError(f"the operation {node['op']} of {name} is not translated")
            translate(node, [_output(i) for i in node.get("input", [])], node.get("attr", {}))

    def _emit(self, op: str, inputs: Sequence[str], output: str | Sequence[str], **attributes: Any) -> None:
        for name in inputs:
            if name in self._constants and name not in self._initializers:
                self._initializers[name] = numpy_helper.from_array(self._constants[name], name)
        outputs = [output] if isinstance(output, str) else list(output)
        self._made.append(helper.make_node(op, list(inputs), outputs, **attributes))

    def _constant(self, name: str, values: Any, kind: type = np.int64) -> str:
        self._constants[name] = np.asarray(values, dtype=kind)
        return name

    def _integers(self, name: str) -> list[int]:
        return self._constants[name].reshape(-1).astype(int).tolist()

    def _channels_first(
        self, node: dict[str, Any], image: str, op: str, rest: Sequence[str], **attributes: Any
    ) -> None:
        """An operation on (N, H, W, C), which ONNX has for (N, C, H, W)."""
        name = node["name"]
        self._emit("Transpose", [image], f"{name}/nchw", perm=_NCHW)
        self._emit(op, [f"{name}/nchw", *rest], f"{name}/out", **attributes)
        self._emit("Transpose", [f"{name}/out"], name, perm=_NHWC)

    # TensorFlow's operations, by their names in small letters

    def _placeholder(self, node: dict, inputs: list[str], attributes: dict) -> None:
        sizes = (int(dimension["size"]) for dimension in attributes["shape"]["shape"]["dim"])
        shape = [None if size < 0 else size for size in sizes]
        self._inputs.append(helper.make_tensor_value_info(node["name"], TensorProto.FLOAT, shape))

    def _identity(self, node: dict, inputs: list[str], attributes: dict) -> None:
        self._emit("Identity", inputs, node["name"])

    def _add(self, node: dict, inputs: list[str], attributes: dict) -> None:
        self._emit("Add", inputs, node["name"])

    _addv2 = _add

    def _mul(self, node: dict, inputs: list[str], attributes: dict) -> None:
        self._emit("Mul", inputs, node["name"])

    def _minimum(self, node: dict, inputs: list[str], attributes: dict) -> None:
        self._emit("Min", inputs, node["name"])

    def _maximum(self, node: dict, inputs: list[str], attributes: dict) -> None:
        self._emit("Max", inputs, node["name"])

    def _mean(self, node: dict, inputs: list[str], attributes: dict) -> None:
        keep = int(attributes.get("keep_dims", {}).get("b", False))
        self._emit("ReduceMean", inputs, node["name"], keepdims=keep)

    def _relu(self, node: dict, inputs: list[str], attributes: dict) -> None:
        self._emit("Relu", inputs, node["name"])

    def _sigmoid(self, node: dict, inputs: list[str], attributes: dict) -> None:
        self._emit("Sigmoid", inputs, node["name"])

    def _leakyrelu(self, node: dict, inputs: list[str], attributes: dict) -> None:
        self._emit("LeakyRelu", inputs, node["name"], alpha=attributes.get("alpha", {}).get("f", 0.2))

    def _conv2d(self, node: dict, inputs: list[str], attributes: dict) -> None:
        self._convolution(node, inputs[0], attributes, self._constants[inputs[1]].transpose(3, 2, 0, 1), 1)

    def _depthwiseconv2dnative(self, node: dict, inputs: list[str], attributes: dict) -> None:
        weights = self._constants[inputs[1]].transpose(2, 3, 0, 1)
        channels, times, *kernel = weights.shape
        self._convolution(node, inputs[0], attributes, weights.reshape(channels * times, 1, *kernel), channels)

    def _convolution(self, node: dict, image: str, attributes: dict, weights: np.ndarray, groups: int) -> None:
        """A convolution with weights (out, in / groups, h, w)."""
        padding = base64.b64decode(attributes["padding"]["s"]).decode()
        if padding not in _PADDINGS:
            raise ValueError(f"{node['name']} has the padding {padding}, which is not translated")
        self._channels_first(
            node,
            image,
            "Conv",
            [self._constant(f"{node['name']}/w", weights, np.float32)],
            group=groups,
            auto_pad=_PADDINGS[padding],
            strides=_list(attributes["strides"])[1:3],
            dilations=_list(attributes.get("dilations", {}))[1:3] or [1, 1],
        )

    def _maxpool(self, node: dict, inputs: list[str], attributes: dict) -> None:
        self._valid_padding(node, attributes)
        kernel, strides = _list(attributes["ksize"])[1:3], _list(attributes["strides"])[1:3]
        self._channels_first(node, inputs[0], "MaxPool", [], kernel_shape=kernel, strides=strides)

    def _resizebilinear(self, node: dict, inputs: list[str], attributes: dict) -> None:
        if not attributes.get("half_pixel_centers", {}).get("b"):
            raise ValueError(f"{node['name']} resizes without half_pixel_centers, which is not translated")
        size = self._constant(f"{node['name']}/size", self._integers(inputs[1]))
        self._channels_first(node, inputs[0], "Resize", ["", "", size], mode="linear", axes=[2, 3])

    def _transpose(self, node: dict, inputs: list[str], attributes: dict) -> None:
        self._emit("Transpose", inputs[:1], node["name"], perm=self._integers(inputs[1]))

    def _reshape(self, node: dict, inputs: list[str], attributes: dict) -> None:
        self._emit("Reshape", inputs, node["name"])

    def _concatv2(self, node: dict, inputs: list[str], attributes: dict) -> None:
        self._emit("Concat", inputs[:-1], node["name"], axis=self._integers(inputs[-1])[0])

    def _splitv(self, node: dict, inputs: list[str], attributes: dict) -> None:
        name = node["name"]
        outputs = [_output(f"{name}:{place}") for place in range(len(self._integers(inputs[1])))]
        self._emit("Split", inputs[:2], outputs, axis=self._integers(inputs[2])[0])

    def _pad(self, node: dict, inputs: list[str], attributes: dict) -> None:
        before_and_after = self._constants[inputs[1]].reshape(-1, 2)
        pads = self._constant(f"{node['name']}/pads", before_and_after.T.reshape(-1))
        self._emit("Pad", [inputs[0], pads, *inputs[2:]], node["name"])

    _padv2 = _pad

    def _sparsetodense(self, node: dict, inputs: list[str], attributes: dict) -> None:
        """Of constants alone, as converters leave them where they compute shapes."""
        places, shape, values, default = (self._constants[name] for name in inputs)
        dense = np.full(shape.tolist(), default, dtype=values.dtype)
        dense[tuple(places.reshape(-1, dense.ndim).T)] = values
        self._constant(node["name"], dense, values.dtype.type)

    @staticmethod
    def _valid_padding(node: dict, attributes: dict) -> None:
        if base64.b64decode(attributes["padding"]["s"]) != b"VALID":
            raise ValueError(f"{node['name']} pads by itself, which is not translated")


def _list(attribute: dict[str, Any]) -> list[int]:
    return [int(value) for value in attribute.get("list", {}).get("i", [])]


def _node_of(reference: str) -> str:
    return reference.partition(":")[0]


def _output(reference: str) -> str:
    """The value that a reference ``node`` or ``node:number`` means: a node's first value has its name."""
    name, _, number = reference.partition(":")
    return name if number in ("", "0") else f"{name}:{number}"
