"""TensorFlow Lite models: a small one of every translated operator, computed by torch as well."""

from __future__ import annotations

import flatbuffers
import numpy as np
import pytest
import torch
from torch.nn import functional

from anonbench.detect.network import Network
from anonbench.detect.tflite import to_onnx

ADD, CONVOLUTION, DEPTHWISE, MUL, RELU, RESHAPE, SUB, ABS = 0, 3, 4, 18, 19, 22, 41, 101
SAME, VALID = 0, 1
SIDE = 9


class Model:
    """A model's file, as its schema lays it out."""

    def __init__(self) -> None:
        self.tensors: list[tuple[str, list[int], np.ndarray | None]] = []
        self.operators: list[tuple[int, list[int], int, dict[int, tuple[str, int]]]] = []

    def tensor(self, name: str, shape: list[int], values: np.ndarray | None = None) -> int:
        self.tensors.append((name, shape, values))
        return len(self.tensors) - 1

    def constant(self, name: str, values: np.ndarray) -> int:
        return self.tensor(name, list(values.shape), values)

    def operator(self, code: int, inputs: list[int], name: str, **options: tuple[int, str, int]) -> int:
        """One operator; its options are the place in the schema, the kind and the value."""
        output = self.tensor(name, [1])
        self.operators.append((code, inputs, output, {at: (kind, value) for at, kind, value in options.values()}))
        return output

    def data(self, given: int = 0) -> bytes:
        builder = flatbuffers.Builder(0)
        codes = sorted({code for code, *_ in self.operators})
        tables = {
            "codes": [_table(builder, {0: ("Int8", min(code, 127)), 3: ("Int32", code)}) for code in codes],
            "buffers": [_table(builder, {})],
        }
        tensors = []
        for name, shape, values in self.tensors:
            buffer = 0
            if values is not None:
                buffer = len(tables["buffers"])
                raw = builder.CreateByteVector(values.tobytes())
                tables["buffers"].append(_table(builder, {0: ("UOffsetTRelative", raw)}))
            kind = 2 if values is not None and values.dtype == np.int32 else 0
            fields = {
                0: ("UOffsetTRelative", builder.CreateNumpyVector(np.array(shape, np.int32))),
                1: ("Int8", kind),
                2: ("Uint32", buffer),
                3: ("UOffsetTRelative", builder.CreateString(name)),
            }
            tensors.append(_table(builder, fields))
        operators = []
        for code, inputs, output, options in self.operators:
            fields = {
                0: ("Uint32", codes.index(code)),
                1: ("UOffsetTRelative", builder.CreateNumpyVector(np.array(inputs, np.int32))),
                2: ("UOffsetTRelative", builder.CreateNumpyVector(np.array([output], np.int32))),
                4: ("UOffsetTRelative", _table(builder, options)),
            }
            operators.append(_table(builder, fields))
        ends = [builder.CreateNumpyVector(np.array([place], np.int32)) for place in (given, len(self.tensors) - 1)]
        graph = {0: _vector(builder, tensors), 1: ends[0], 2: ends[1], 3: _vector(builder, operators)}
        graphs = [_table(builder, {at: ("UOffsetTRelative", value) for at, value in graph.items()})]
        model = {1: tables["codes"], 2: graphs, 4: tables["buffers"]}
        root = {at: ("UOffsetTRelative", _vector(builder, some)) for at, some in model.items()}
        builder.Finish(_table(builder, {0: ("Uint32", 3), **root}), file_identifier=b"TFL3")
        return bytes(builder.Output())


def _table(builder: flatbuffers.Builder, fields: dict[int, tuple[str, int]]) -> int:
    builder.StartObject(8)
    for at, (kind, value) in fields.items():
        getattr(builder, f"Prepend{kind}Slot")(at, value, 0)
    return builder.EndObject()


def _vector(builder: flatbuffers.Builder, items: list[int]) -> int:
    builder.StartVector(4, len(items), 4)
    for item in reversed(items):
        builder.PrependUOffsetTRelative(item)
    return builder.EndVector()


def weights() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    shapes = {"kernel": (6, 3, 3, 2), "bias": (6,), "each": (1, 3, 3, 6), "each_bias": (6,), "slope": (6,)}
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


@pytest.fixture
def model() -> Model:
    """A network of (N, 9, 9, 2) with a leaky activation as converters write it."""
    net = Model()
    image = net.tensor("input", [2, SIDE, SIDE, 2])
    places = {name: net.constant(name, values) for name, values in weights().items()}
    strides = {"padding": (0, "Int8", SAME), "w": (1, "Int32", 2), "h": (2, "Int32", 2)}
    first = net.operator(CONVOLUTION, [image, places["kernel"], places["bias"]], "first", **strides)
    relu, size = net.operator(RELU, [first], "relu"), net.operator(ABS, [first], "size")
    negative = net.operator(MUL, [places["slope"], net.operator(SUB, [first, size], "below")], "negative")
    leaky = net.operator(ADD, [relu, negative], "leaky")
    options = {"padding": (0, "Int8", VALID), "w": (1, "Int32", 2), "h": (2, "Int32", 1), "times": (3, "Int32", 1)}
    each = net.operator(DEPTHWISE, [leaky, places["each"], places["each_bias"]], "each_out", **options)
    net.operator(RESHAPE, [each, net.constant("shape", np.array([2, 36], np.int32))], "embeddings")
    return net


def by_torch(image: np.ndarray) -> np.ndarray:
    given = {name: torch.from_numpy(values) for name, values in weights().items()}
    x = functional.pad(torch.from_numpy(image).permute(0, 3, 1, 2), (1, 1, 1, 1))
    x = functional.conv2d(x, given["kernel"].permute(0, 3, 1, 2), given["bias"], stride=2)
    x = torch.relu(x) + given["slope"].view(1, -1, 1, 1) * (x - x.abs())
    x = functional.conv2d(x, given["each"].permute(3, 0, 1, 2), given["each_bias"], stride=(1, 2), groups=6)
    return x.permute(0, 2, 3, 1).reshape(len(image), -1).numpy()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_translation_computes_the_same_of_any_number(model, count):
    image = np.random.default_rng(1).normal(size=(count, SIDE, SIDE, 2)).astype(np.float32)
    found = Network(to_onnx(model.data(), "embeddings"), ["embeddings"])(image)[0]
    np.testing.assert_allclose(found, by_torch(image), rtol=1e-4, atol=1e-4)


def test_what_is_not_translated_is_named(model):
    model.operators[-1] = (99, *model.operators[-1][1:])
    with pytest.raises(ValueError, match="the operator 99 of embeddings is not translated"):
        to_onnx(model.data(), "embeddings")
    model.operators[0][3][3] = ("Int8", 1)
    with pytest.raises(ValueError, match="first has a fused activation"):
        to_onnx(model.data(), "embeddings")
    with pytest.raises(ValueError, match="no TensorFlow Lite model"):
        to_onnx(b"GIF89a" + bytes(20), "embeddings")
