"""Pretrained weights that the workflow fetched, which a model config names by their file.

``init_cfg=dict(type="FetchedWeights", file="resources/weights/<name>.safetensors")`` starts a backbone from them, and
``load_from = "resources/weights/<name>.safetensors"`` a whole model.
"""

from __future__ import annotations

import logging
from pathlib import Path

from mmengine.registry import WEIGHT_INITIALIZERS
from torch import nn

from anonbench.common.errors import UserError
from anonbench.common.tensors import read_tensors

log = logging.getLogger(__name__)

COUNTER = "num_batches_tracked"  # of batch normalization; files of before torch 0.4.1 do not have it


@WEIGHT_INITIALIZERS.register_module()
class FetchedWeights:
    """Load a file into a backbone, every tensor of it by its name; what else the file holds is left out.

    Raises
    ------
    UserError
        When called, if the file is missing, is not safetensors, or does not fit the backbone.
    """

    def __init__(self, file: str) -> None:
        self.file = Path(file)

    def __call__(self, module: nn.Module) -> None:
        load_into(module, self.file)
        for layer in module.modules():
            if layer is not module:
                layer.is_init = True  # or MMEngine initializes some layers at random after this


def load_into(module: nn.Module, file: Path, *, classes_may_differ: bool = False) -> list[str]:
    """Load a file's tensors into a module by their names.

    Parameters
    ----------
    module
        Changed in place. The file must have every tensor of it, but for counters of batch normalization.
    file
        A safetensors file; tensors that the module does not have are left out.
    classes_may_differ
        Whether tensors of another shape keep the module's own values, as layers for other classes do.

    Returns
    -------
    list of str
        Names of the tensors that kept the module's own values for their shape.

    Raises
    ------
    UserError
        If the file is missing, is not safetensors, or does not fit.
    """
    source, _ = read_tensors(file)
    target = module.state_dict()
    missing = [name for name in target if name not in source and not name.endswith(COUNTER)]
    differing = [name for name in target if name in source and source[name].shape != target[name].shape]
    unfit = missing if classes_may_differ else missing + differing
    if unfit or len(missing) + len(differing) == len(target):
        raise UserError(
            f"{file} does not fit {type(module).__name__}: {len(missing)} of {len(target)} tensors are missing "
            f"and {len(differing)} have another shape, first {(unfit or differing)[0]}.",
            "Name weights of the same architecture in the model config.",
        )
    module.load_state_dict({n: source[n] for n in target if n in source and n not in differing}, strict=False)
    if differing:
        log.info("%s: %d tensors are for other classes and start at random: %s", file, len(differing), differing)
    return differing
