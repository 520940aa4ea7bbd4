"""Networks in ONNX's format, on one core."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
import onnxruntime


class Network:
    """A network that takes one image.

    It computes on one core: images are dealt out to processes.

    Parameters
    ----------
    model
        As :func:`any_size` gives it.
    outputs
        The names of what it returns.
    """

    def __init__(self, model: onnx.ModelProto, outputs: Sequence[str]) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        self._outputs = list(outputs)

    def __call__(self, blob: np.ndarray) -> list[np.ndarray]:
        """The outputs for (1, C, H, W) float32."""
        return self._session.run(self._outputs, {self._input: blob})


def any_size(data: bytes) -> onnx.ModelProto:
    """A model that takes images of any size, from one that was written for a fixed size.

    Weights that the file lists among the inputs, as old exporters do, become constants: onnxruntime then folds them
    and takes kernels that are twice as fast.
    """
    model = onnx.load_model_from_string(data)
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    for place in reversed(range(len(graph.input))):
        if graph.input[place].name in weights:
            del graph.input[place]
    count, _, height, width = graph.input[0].type.tensor_type.shape.dim
    count.dim_value, height.dim_param, width.dim_param = 1, "height", "width"
    for output in graph.output:
        output.type.tensor_type.ClearField("shape")
    del graph.value_info[:]
    return model
