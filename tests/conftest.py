"""What tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from anonbench.common.root import ROOT

if "PYTEST_XDIST_WORKER" in os.environ:  # each worker has one core; torch reads this when it is imported
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run whole workflows first, since they take longest; xdist gives each file to one worker, in this order."""
    items.sort(key=lambda item: "tests/study/" not in item.nodeid)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real photographs beside the checkout; tests that need it skip on a machine without it."""
    folder = ROOT.parent / "shared" / "data"
    missing = [name for name in ("PennFudanPed.zip", "lspet_upright.zip") if not (folder / name).is_file()]
    if missing:
        pytest.skip(f"needs {' and '.join(missing)} in {folder}")
    return folder
