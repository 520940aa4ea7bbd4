"""A process of the pool that is killed ends the job with a sentence, and leaves nothing that counts."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from anonbench.anonymize.methods.mask_out import MaskOut
from anonbench.common.faults import explained
from tests.helpers.people import person, picture
from tests.helpers.split import write_split
from tests.helpers.variants import Making, recipe


def test_a_killed_process_of_the_pool_is_told_and_a_plain_re_run_goes_on(tmp_path: Path, monkeypatch) -> None:
    rng = np.random.default_rng(0)
    people = [person(50, 10, 70)]
    split = write_split(tmp_path, [(f"{number}.png", picture(people, rng), people) for number in range(6)])
    masked = recipe("mask_out", grow=0.02)
    expected = Making(**split, root=tmp_path / "undisturbed").make(masked)
    making = Making(**split, root=tmp_path / "made")
    with monkeypatch.context() as patch, pytest.raises(Exception) as raised:
        patch.setattr(MaskOut, "fill", lambda *given: os.kill(os.getpid(), signal.SIGKILL))
        making.make(masked, workers=2)
    told = explained(raised.value)
    assert told.problem == "A process of this job was killed (without a word), perhaps because memory ran out."
    assert "mem_mb" in told.fix
    assert not making.manifest.exists() and not making.shard_manifests()[0].exists()
    assert making.make(masked, workers=2) == expected
