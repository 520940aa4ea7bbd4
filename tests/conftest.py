"""What tests share."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real photographs beside the checkout; tests that need it skip on a machine without it."""
    folder = ROOT.parent / "shared" / "data"
    missing = [name for name in ("PennFudanPed.zip", "lspet_upright.zip") if not (folder / name).is_file()]
    if missing:
        pytest.skip(f"needs {' and '.join(missing)} in {folder}")
    return folder
