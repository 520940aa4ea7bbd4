"""What befalls a data loader's process or one of several training processes: one sentence, and nothing hangs."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from anonbench.common.root import ROOT
from anonbench.variants.variant_images import VariantFiles
from tests.helpers.interrupted import training
from tests.helpers.toysplit import write_split
from tests.models.test_interrupted import PROGRAM, family, launched

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def split(tmp_path_factory) -> tuple[Path, VariantFiles]:
    return write_split(tmp_path_factory.mktemp("split"), images=9)


def last_line(out_dir: Path) -> str:
    return out_dir.with_suffix(".log").read_text().splitlines()[-1]


@pytest.mark.parametrize(
    ("options", "size"), [({"workers": 2}, 3), ({"gpus": 2}, 4)], ids=["a loader", "one of two processes"]
)
def test_a_killed_process_ends_the_job_with_a_sentence(split, tmp_path, options, size) -> None:
    with launched(training(split, tmp_path / "out", **options), 60) as process:
        below = family(process, size)
        victim = below[-1] if "workers" in options else next(p for p in below if "worker" in p.cmdline()[-2:])
        victim.send_signal(signal.SIGKILL)
        printed = process.communicate(timeout=120)[1]
    assert process.returncode == 1
    assert "Traceback" not in printed
    assert "A process of this job was killed (" in last_line(tmp_path / "out")
    assert last_line(tmp_path / "out").endswith("or num_workers in the model config.")
    assert not psutil.wait_procs(below, timeout=20)[1]


@pytest.mark.parametrize("options", [{"workers": 2}, {"workers": 0}, {"gpus": 2}], ids=["loaders", "no loader", "two"])
def test_a_missing_image_is_named(tmp_path, options) -> None:
    split = write_split(tmp_path / "split", images=9)
    (split[1].originals / "sub folder" / "im 3.png").unlink()
    asked = training(split, tmp_path / "out", **options)
    words = [sys.executable, "-c", PROGRAM, str(tmp_path / "out.log"), asked.model_dump_json()]
    process = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert process.returncode == 1
    assert "Traceback" not in process.stderr
    assert "im 3.png" in last_line(tmp_path / "out")
    assert "Delete its split's" in last_line(tmp_path / "out")
