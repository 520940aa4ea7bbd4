"""What tests of datasets share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from anonbench.common.validation import validated
from anonbench.config.datasets import FilesConfig
from anonbench.datasets.format import Format
from anonbench.datasets.records import Split
from anonbench.datasets.sources import RemoteFile


class Several(Format):
    """A made-up format of two files, one of them behind a login; its split ``generator`` needs only that one."""

    Config = FilesConfig
    name = "several"
    FILES = {
        "images": RemoteFile("images.zip", ("https://example.org/images.zip",), 5000, "md5:" + "1" * 32, exact=True),
        "labels": RemoteFile("labels.json", (), 7_000_000, None, login="Register at example.org for labels.json."),
    }

    def splits(self) -> tuple[str, ...]:
        return ("train", "val", "generator")

    def needs(self, split: str) -> tuple[str, ...]:
        return ("labels",) if split == "generator" else ("images", "labels")

    def load(self, split: str, files: dict[str, Path]) -> Split:
        raise NotImplementedError


@pytest.fixture
def several() -> Callable[..., Several]:
    """Makes a :class:`Several` of what a user says of its files by role."""
    return lambda **files: Several(validated(Several.Config, {"format": "several", "files": files}))
