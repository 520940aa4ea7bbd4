"""What tests of datasets share."""

import sys
from types import ModuleType

import pytest

from anonbench.datasets import check, registry
from anonbench.datasets.sources import RemoteFile


@pytest.fixture
def several(monkeypatch):
    """A made-up format of two files, one of them behind a login; its split ``gan`` needs that one only."""
    module = ModuleType("anonbench.datasets.formats.several")
    module.FILES = {
        "images": RemoteFile("images.zip", ("https://example.org/images.zip",), 5000, "md5:" + "1" * 32, exact=True),
        "labels": RemoteFile("labels.json", (), 7_000_000, None, login="Register at example.org for labels.json."),
    }
    module.needs = lambda spec, split: ("labels",) if split == "gan" else ("images", "labels")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for user in (registry, check):
        monkeypatch.setattr(user, "FORMATS", (*registry.FORMATS, "several"))
    return module
