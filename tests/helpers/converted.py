"""Converts official archives into the common form, and edits them to see what a mistake does."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from anonbench.common.errors import UserError
from anonbench.datasets.common_form import write_split


def files_in(folder: Path, module: ModuleType, spec: dict[str, Any], split: str) -> dict[str, Path]:
    """A split's files by role, which lie in ``folder`` under their official names."""
    return {role: folder / module.FILES[role].file_name for role in module.needs(spec, split)}


def convert(folder: Path, out: Path, module: ModuleType, split: str, **spec: Any) -> dict[str, Any]:
    """The written JSON of a split."""
    loaded = module.load(spec, split, files_in(folder, module, spec, split))
    path = out / f"{split}.json"
    write_split(loaded, dataset="set", name=split, images_dir=out / "images" / split, annotations=path)
    content = json.loads(path.read_text())
    assert loaded.expected >= len(content["images"])
    assert all((out / "images" / split / image["file_name"]).is_file() for image in content["images"])
    return content


def fails(folder: Path, out: Path, module: ModuleType, split: str, words: str, **spec: Any) -> None:
    """The conversion stops with ``words`` (a regular expression) and leaves nothing behind."""
    with pytest.raises(UserError, match=words) as caught:
        convert(folder, out, module, split, **spec)
    assert caught.value.mend
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
