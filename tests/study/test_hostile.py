"""Whatever a COCO file holds, everybody drawn in its images is hidden, or one message stops the run.

    python -m tests.study.test_hostile 5000

tries so many files more, and says how many stopped and how many people were hidden.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings

from anonbench.anonymize.frame import anonymize
from anonbench.common.errors import UserError
from anonbench.common.files import read_made
from anonbench.common.images import decode
from anonbench.config.plugins import FORMATS, METHODS
from anonbench.config.regions import RegionsConfig
from anonbench.datasets.prepare import prepare
from anonbench.regions.build import build_regions
from anonbench.regions.files import decode_region
from tests.helpers.hostile import Hostile, hostile

HIDDEN = 0.99


def outcome(files: Hostile, root: Path) -> str:
    """Convert, find bodies and fill them black; ``stopped``, ``hidden`` or what is visible."""
    annotations, images = root / "out" / "train.json", root / "out" / "train"
    try:
        prepare(FORMATS.create("coco", files.write(root)), "train", {}, images, annotations, "own")
        regions = build_regions(annotations, images, "body", RegionsConfig())
    except UserError as error:
        assert error.problem and error.fix and len(str(error)) < 2000
        assert not annotations.exists() or "regions" in str(error)
        return "stopped"
    method = METHODS.create("mask_out", {"grow": 0.0})
    written = {image["file_name"]: image for image in read_made(annotations)["images"]}
    assert len(written) == len(regions.images) == len(files.names)
    for index, entry in enumerate(regions.images):
        before = decode(images / entry.file_name)
        after = anonymize(method, before, [decode_region(record) for record in entry.regions]).image
        black = ~after.any(-1)
        for figure in (one for one in files.figures if one.image == index):
            # An image that keeps its stored pixels has another size than the displayed one, and is no match here.
            if before.shape[:2] != files.sizes[index][::-1]:
                return f"{entry.file_name} was turned otherwise than it is displayed"
            share = black[figure.mask(*files.sizes[index])].mean()
            if share < HIDDEN:
                return f"{share:.0%} of {figure} hidden in {entry.file_name}"
    return "hidden"


@given(files=hostile())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_everybody_is_hidden_or_the_run_stops(files: Hostile) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert outcome(files, Path(folder)) in ("stopped", "hidden")


def main(count: int) -> None:
    tally: Counter[str] = Counter()

    @given(files=hostile())
    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def many(files: Hostile) -> None:
        with tempfile.TemporaryDirectory() as folder:
            found = outcome(files, Path(folder))
        tally[found] += 1
        assert found in ("stopped", "hidden")

    logging.disable()
    try:
        many()
    finally:
        print(dict(tally))


if __name__ == "__main__":
    np.seterr(all="raise", under="ignore")
    main(int(sys.argv[1]))
