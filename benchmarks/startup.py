"""Start-up cost of a job: lean imports against the toolkits' own registration of everything, within one run.

    python -m benchmarks.startup [--repeats 3]

Each measurement is a fresh Python process that ends when the model is built. Reported are the medians of its CPU
seconds (user and system, which a busy machine disturbs less than wall-clock time), and what `import torch` alone takes.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODELS = {"mmdet": "mask-rcnn_mobilenetv2_demo.py", "mmpose": "td-hm_mobilenetv2_demo.py"}

TORCH = "import torch"
LEAN = "from anonbench.models.openmmlab import setup; setup.use('{scope}', 1)"
FULL = (
    "import torchvision; from anonbench.models.openmmlab import ops; ops.install(); "
    "from {scope}.utils import register_all_modules; register_all_modules(); "
    "import anonbench.models.openmmlab.packaged_mobilenet"
)
BUILD = """
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope
config = Config.fromfile('config/models/{model}')
if '{scope}' == 'mmpose':
    config.model.head.out_channels = 17
else:
    config.model.roi_head.bbox_head.num_classes = config.model.roi_head.mask_head.num_classes = 3
with DefaultScope.overwrite_default_scope('{scope}'):
    MODELS.build(config.model)
"""


def cpu_seconds(program: str) -> float:
    """CPU seconds that a fresh Python process takes for ``program``."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], cwd=ROOT, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3, help="processes per measurement")
    repeats = parser.parse_args().repeats

    def median(program: str) -> float:
        return statistics.median(cpu_seconds(program) for _ in range(repeats))

    torch = median(TORCH)
    print(f"import torch alone: {torch:.2f} s")
    for scope, model in MODELS.items():
        build = BUILD.format(scope=scope, model=model)
        lean = median(LEAN.format(scope=scope) + build)
        full = median(FULL.format(scope=scope) + build)
        print(
            f"{scope}: lean {lean:.2f} s, full {full:.2f} s, ratio {lean / full:.2f}; "
            f"without torch {lean - torch:.2f} s, {full - torch:.2f} s, ratio {(lean - torch) / (full - torch):.2f}"
        )


if __name__ == "__main__":
    main()
