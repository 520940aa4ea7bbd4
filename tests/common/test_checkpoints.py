"""A training's state comes back as it was saved, or as the one before, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from anonbench.common import checkpoints
from anonbench.common.checkpoints import forget_state, load_state, save_state


def state(number: int) -> dict:
    return {"weights": {"a": torch.full((1000,), float(number))}, "count": number, "plain": (number, None, "x")}


def zeroed(data: bytes) -> bytes:
    at = data.index(torch.full((1000,), 2.0).numpy().tobytes())
    return data[:at] + bytes(100) + data[at + 100 :]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "half": lambda data: data[: len(data) // 2],
    "a byte short": lambda data: data[:-1],
    "zeroed tensor": zeroed,
    "zeroed head": lambda data: bytes(64) + data[64:],
    "zeroed end": lambda data: data[:-200] + bytes(200),
    "something else": lambda data: b"not a checkpoint",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_state_gives_way_to_the_one_before_and_then_to_none(tmp_path: Path, caplog, damage) -> None:
    path = tmp_path / "last.pth"
    for number in (1, 2):
        save_state(path, state(number))
    path.write_bytes(damage(path.read_bytes()))
    found = load_state(path)
    assert found["count"] == 1 and torch.equal(found["weights"]["a"], torch.ones(1000)) and found["plain"][2] == "x"
    assert f"{path} is damaged" in caplog.text
    assert not path.exists()

    save_state(path, state(2))
    path.write_bytes(b"")
    (tmp_path / "before-last.pth").write_bytes(b"")
    assert load_state(path) is None
    assert not list(tmp_path.iterdir())


def test_the_last_state_is_the_one_that_comes_back(tmp_path: Path, caplog) -> None:
    path = tmp_path / "last.pth"
    assert load_state(path) is None
    for number in (1, 2, 3):
        save_state(path, state(number))
    assert load_state(path)["count"] == 3
    assert not caplog.text
    forget_state(path)
    assert not list(tmp_path.iterdir())


def test_a_failing_save_keeps_the_state_that_was_there(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "last.pth"
    save_state(path, state(1))

    def failing(path, data):
        raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as patch, pytest.raises(OSError):
        patch.setattr(checkpoints, "write_bytes", failing)
        save_state(path, state(2))
    assert load_state(path)["count"] == 1


def test_a_lack_of_memory_is_no_damage(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "last.pth"
    save_state(path, state(1))

    def failing(*given, **named):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4000 bytes.")

    monkeypatch.setattr(checkpoints.torch, "load", failing)
    with pytest.raises(RuntimeError):
        load_state(path)
    assert path.exists()


def test_nothing_but_tensors_and_plain_values_is_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "last.pth"
    torch.save({"code": Path("x")}, path)
    assert load_state(path) is None
