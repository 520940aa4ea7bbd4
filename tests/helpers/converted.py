"""Converts official archives into the common form, and edits them to see what a mistake does."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from anonbench.common.errors import UserError
from anonbench.config.plugins import FORMATS
from anonbench.datasets.format import Format
from anonbench.datasets.locate import needed_roles
from anonbench.datasets.prepare import prepare
from anonbench.datasets.records import Sample, Split


def made_format(name: str, **config: Any) -> Format:
    """The format of that name with some keys of its configuration."""
    return FORMATS.create(name, {"format": name, **config})


def convert(folder: Path, out: Path, name: str, split: str, **config: Any) -> dict[str, Any]:
    """The written JSON of a split of a format, whose files lie in ``folder`` under their official names."""
    made = made_format(name, **config)
    files = {role: folder / made.FILES[role].file_name for role in needed_roles(made, [split])}
    path = out / f"{split}.json"
    prepare(made, split, files, out / "images" / split, path, "set")
    content = json.loads(path.read_text())
    assert all((out / "images" / split / image["file_name"]).is_file() for image in content["images"])
    return content


def samples_of(split: Split) -> Iterator[Sample]:
    """All samples of a split as its format reads it."""
    return split.read(range(len(split.names)), Counter())


def fails(folder: Path, out: Path, name: str, split: str, words: str, **config: Any) -> None:
    """The conversion stops with ``words`` (a regular expression) and leaves nothing behind."""
    with pytest.raises(UserError, match=words) as caught:
        convert(folder, out, name, split, **config)
    assert caught.value.fix
    assert {path.name for path in out.rglob("*")} <= {"images"}


def edit(path: Path, member: str, change: Callable[[bytes], bytes | None]) -> None:
    """Replace one member of an archive; None takes it out."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    changed = change(members.pop(member))
    if changed is not None:
        members[member] = changed
    with zipfile.ZipFile(path, "w") as out:
        for name, content in members.items():
            out.writestr(name, content)


def edit_json(path: Path, member: str, change: Callable[[Any], None]) -> None:
    """Change one JSON member of an archive in place."""

    def apply(data: bytes) -> bytes:
        content = json.loads(data)
        change(content)
        return json.dumps(content).encode()

    edit(path, member, apply)


def of_image(content: dict[str, Any], index: int) -> list[dict[str, Any]]:
    """The annotations of the JSON's ``index``-th image."""
    return [a for a in content["annotations"] if a["image_id"] == content["images"][index]["id"]]
