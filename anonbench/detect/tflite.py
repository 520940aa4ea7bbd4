"""TensorFlow Lite models as ONNX models.

The format is a FlatBuffer (https://github.com/tensorflow/tensorflow, ``tensorflow/lite/schema/schema.fbs``). Those
operations are translated that the models of this project use, of float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flatbuffers.number_types as number
import numpy as np
import onnx
from flatbuffers.table import Table
from onnx import TensorProto, helper, numpy_helper

_OPSET = 18
_NCHW, _NHWC = [0, 3, 1, 2], [0, 2, 3, 1]
_PADDINGS = {0: "SAME_UPPER", 1: "VALID"}
_DTYPES = {0: np.dtype("<f4"), 2: np.dtype("<i4")}
# The schema's numbers of operators.
_CONVOLUTION, _DEPTHWISE, _RESHAPE = 3, 4, 22
_ELEMENTWISE = {0: "Add", 18: "Mul", 19: "Relu", 41: "Sub", 101: "Abs"}
# The place of `fused_activation_function` among an operator's options, where it has one.
_ACTIVATION = {0: 0, 18: 0, 41: 0, _CONVOLUTION: 3, _DEPTHWISE: 4}


def to_onnx(data: bytes, output: str) -> onnx.ModelProto:
    """Translate a model; it then takes batches of any size.

    Parameters
    ----------
    data
        The file's contents.
    output
        The tensor that the translation returns.

    Raises
    ------
    ValueError
        If it is no such file, or has an operator or a type of numbers that is not translated.
    """
    if data[4:8] != b"TFL3":
        raise ValueError("it is no TensorFlow Lite model")
    model = _Node(Table(bytearray(data), int.from_bytes(data[:4], "little")))
    graph = model.nodes(2)[0]
    codes = [max(code.integer(0, number.Int8Flags), code.integer(3)) for code in model.nodes(1)]
    buffers = model.nodes(4)
    tensors = graph.nodes(0)
    names = [tensor.text(3) for tensor in tensors]
    constants = {}
    for name, tensor in zip(names, tensors, strict=True):
        if len(raw := buffers[tensor.integer(2)].numbers(0, np.uint8)):
            if (kind := tensor.integer(1, number.Int8Flags)) not in _DTYPES:
                raise ValueError(f"{name} has numbers of the type {kind}, which is not translated")
            constants[name] = raw.view(_DTYPES[kind]).reshape(tensor.numbers(0, np.int32))
    translation = _Translation(constants)
    for operator in graph.nodes(3):
        inputs, outputs = ([names[place] for place in operator.numbers(field, np.int32)] for field in (1, 2))
        translation.add(codes[operator.integer(0)], inputs, outputs[0], operator.node(4))
    given = names[graph.numbers(1, np.int32)[0]]
    shape = [None, *tensors[names.index(given)].numbers(0, np.int32)[1:].tolist()]
    made = helper.make_graph(
        translation.made,
        "tflite",
        [helper.make_tensor_value_info(given, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
        translation.weights,
    )
    # The oldest format that has the operator set: onnxruntime reads no newer one than its own.
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=8)


class _Node:
    """A table of the FlatBuffer; a field is meant by its place in the schema."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def _at(self, field: int) -> int:
        return self._table.Offset(4 + 2 * field)

    def integer(self, field: int, flags: Any = number.Int32Flags, default: int = 0) -> int:
        at = self._at(field)
        return self._table.Get(flags, at + self._table.Pos) if at else default

    def text(self, field: int) -> str:
        return self._table.String(self._at(field) + self._table.Pos).decode()

    def numbers(self, field: int, dtype: Any) -> np.ndarray:
        at = self._at(field)
        if not at:
            return np.zeros(0, dtype)
        return np.frombuffer(self._table.Bytes, dtype, self._table.VectorLen(at), self._table.Vector(at))

    def node(self, field: int) -> _Node | None:
        at = self._at(field)
        return _Node(Table(self._table.Bytes, self._table.Indirect(at + self._table.Pos))) if at else None

    def nodes(self, field: int) -> list[_Node]:
        at = self._at(field)
        start = self._table.Vector(at) if at else 0
        places = range(self._table.VectorLen(at) if at else 0)
        return [_Node(Table(self._table.Bytes, self._table.Indirect(start + 4 * place))) for place in places]


class _Translation:
    """The ONNX nodes of one graph, in the file's order."""

    def __init__(self, constants: dict[str, np.ndarray]) -> None:
        self._constants = constants
        self.made: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def add(self, code: int, inputs: Sequence[str], output: str, options: _Node | None) -> None:
        place = _ACTIVATION.get(code)
        if place is not None and options and options.integer(place, number.Int8Flags):
            raise ValueError(f"{output} has a fused activation, which is not translated")
        if code in (_CONVOLUTION, _DEPTHWISE):
            self._convolution(code, inputs, output, options)
        elif code == _RESHAPE:
            shape = self._weight(f"{output}/shape", np.array([-1, *self._constants[inputs[1]][1:]], np.int64))
            self.made.append(helper.make_node("Reshape", [inputs[0], shape], [output]))
        elif code in _ELEMENTWISE:
            given = [self._weight(name, self._constants[name]) if name in self._constants else name for name in inputs]
            self.made.append(helper.make_node(_ELEMENTWISE[code], given, [output]))
        else:
            raise ValueError(f"the operator {code} of {output} is not translated")

    def _convolution(self, code: int, inputs: Sequence[str], output: str, options: _Node) -> None:
        """On (N, H, W, C), which ONNX has for (N, C, H, W); weights are (out, h, w, in) or (1, h, w, channels)."""
        kernel = self._constants[inputs[1]]
        kernel = kernel.transpose(3, 0, 1, 2) if code == _DEPTHWISE else kernel.transpose(0, 3, 1, 2)
        dilation = 5 if code == _DEPTHWISE else 4
        rest = [self._weight(f"{output}/w", kernel), self._weight(f"{output}/b", self._constants[inputs[2]])]
        self.made += [
            helper.make_node("Transpose", [inputs[0]], [f"{output}/nchw"], perm=_NCHW),
            helper.make_node(
                "Conv",
                [f"{output}/nchw", *rest],
                [f"{output}/out"],
                auto_pad=_PADDINGS[options.integer(0, number.Int8Flags)],
                strides=[options.integer(2), options.integer(1)],
                dilations=[options.integer(dilation + 1, default=1), options.integer(dilation, default=1)],
                group=len(kernel) if code == _DEPTHWISE else 1,
            ),
            helper.make_node("Transpose", [f"{output}/out"], [output], perm=_NHWC),
        ]

    def _weight(self, name: str, values: np.ndarray) -> str:
        if all(tensor.name != name for tensor in self.weights):
            self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name
