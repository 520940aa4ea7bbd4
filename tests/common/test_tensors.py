"""Files of tensors come back as they were written, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from anonbench.common.errors import UserError
from anonbench.common.tensors import read_tensors, write_tensors

TENSORS = {
    "weight": torch.arange(2000.0).reshape(4, 500).T,
    "half": torch.full((500,), 1.5, dtype=torch.bfloat16),
    "count": torch.tensor(7),
    "empty": torch.zeros(0, 3),
    "flags": torch.tensor([True, False]),
}
FACTS = {"seed": 3, "name": "a", "more": [1, 2]}


def test_tensors_and_what_is_said_of_them_come_back_and_the_same_content_has_the_same_bytes(tmp_path: Path) -> None:
    for number in range(4):
        write_tensors(tmp_path / f"{number}", TENSORS, FACTS)
    tensors, facts = read_tensors(tmp_path / "0")
    assert facts == FACTS
    assert tensors.keys() == TENSORS.keys()
    assert all(
        torch.equal(tensors[name], value) and tensors[name].dtype == value.dtype for name, value in TENSORS.items()
    )
    assert len({(tmp_path / f"{number}").read_bytes() for number in range(4)}) == 1


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "half": lambda data: data[: len(data) // 2],
    "a byte short": lambda data: data[:-1],
    "zeroed tensor": lambda data: data[:-2000] + bytes(400) + data[-1600:],
    "zeroed head": lambda data: data[:20] + bytes(20) + data[40:],
    "another fact": lambda data: data.replace(b'\\"seed\\": 3', b'\\"seed\\": 4'),
    "renamed": lambda data: data.replace(b'"weight"', b'"wright"'),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damage_is_told_with_the_file_and_the_fix(tmp_path: Path, damage) -> None:
    path = tmp_path / "file.safetensors"
    write_tensors(path, TENSORS, FACTS)
    spoilt = damage(path.read_bytes())
    assert spoilt != path.read_bytes()
    path.write_bytes(spoilt)
    with pytest.raises(UserError, match=r"file.safetensors is damaged \(.*\). Delete it and run the workflow again."):
        read_tensors(path)


def test_a_file_from_elsewhere_is_read_without_a_digest(tmp_path: Path) -> None:
    save_file({"a": torch.ones(3)}, tmp_path / "f", metadata={"format": "pt"})
    tensors, facts = read_tensors(tmp_path / "f")
    assert torch.equal(tensors["a"], torch.ones(3)) and facts == {}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="none does not exist"):
        read_tensors(tmp_path / "none")
