"""The adapter for diffusion inpainting in docs/external.md, against a pipeline that paints everything green."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from anonbench.anonymize.outside.command import run
from anonbench.anonymize.outside.exchange import describe
from anonbench.common.files import write_json
from anonbench.common.root import ROOT
from anonbench.regions.footprint import footprint
from anonbench.regions.region import Region

# Takes what diffusers' inpainting pipelines take, and nothing else.
PIPELINE = """
from types import SimpleNamespace
from PIL import Image

class AutoPipelineForInpainting:
    @classmethod
    def from_pretrained(cls, model, torch_dtype):
        return cls()
    def to(self, device):
        return self
    def set_progress_bar_config(self, disable):
        pass
    def __call__(self, *, prompt, image, mask_image, height, width, strength, num_inference_steps, generator):
        assert image.size == mask_image.size == (width, height) and height % 8 == 0 and mask_image.getbbox()
        assert prompt == "a photo of a person" and generator.initial_seed() == 5
        return SimpleNamespace(images=[Image.new("RGB", (width, height), (0, 200, 0))])
"""


def test_the_adapter_for_diffusers_replaces_every_region_and_nothing_else(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "external.md").read_text()
    code = next(block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "diffusers" in block)
    (tmp_path / "adapter.py").write_text(code.replace('"cuda"', '"cpu"'))
    (tmp_path / "diffusers.py").write_text(PIPELINE)
    folders = {name: tmp_path / name for name in ("images", "regions", "output")}
    before = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    (folders["images"] / "a").mkdir(parents=True)
    Image.fromarray(before).save(folders["images"] / "a" / "1.png")
    regions = [Region(np.array([-5.0, 10, 20, 55])), Region(np.array([50.0, 30, 95, 60]))]
    described = [describe(region, footprint(region, (60, 90), lambda side: 2), (60, 90)) for region in regions]
    file = {"file_name": "a/1.png", "region": "body", "seed": 5, "regions": described}
    write_json(folders["regions"] / "a" / "1.png.json", file)
    run([sys.executable, str(tmp_path / "adapter.py"), *map(str, folders.values()), "model"], tmp_path / "log", 100)
    after = np.asarray(Image.open(folders["output"] / "a" / "1.png"))
    inside = np.zeros((60, 90), bool)
    for region in regions:
        found = footprint(region, (60, 90), lambda side: 2)
        inside[found.window] |= found.mask
    assert (after[inside] == (0, 200, 0)).all() and (after[~inside] == before[~inside]).all()
