"""The file of a cell's replicates: whole or not at all, and nothing foreign is read."""

import io
import pickle
from dataclasses import replace

import numpy as np
import pytest

from anonbench.common.errors import UserError
from anonbench.evaluate.replicates import Column, Replicates, read_replicates, write_replicates

COLUMNS = [Column("detection", "all", "all", "AP"), Column("pose", "category", "Zebrastreifen, größer", "AP")]
MADE = Replicates(
    COLUMNS, np.array([0.1, np.nan]), np.array([[0.25, np.nan], [0.5, 1], [0, 0.75]], dtype=np.float32), 12
)  # fmt: skip


def test_what_is_written_is_read(tmp_path):
    write_replicates(tmp_path / "new" / "a.npz", MADE)
    found = read_replicates(tmp_path / "new" / "a.npz")
    assert found.columns == COLUMNS and found.columns[1].category == "Zebrastreifen, größer"
    np.testing.assert_array_equal(found.point, MADE.point)
    np.testing.assert_array_equal(found.values, MADE.values)
    assert found.units == 12
    assert found.point.dtype == np.float64 and found.values.dtype == np.float32
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.npz"]


def test_the_same_replicates_are_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_replicates(tmp_path / name, MADE)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_no_metric_at_all(tmp_path):
    write_replicates(tmp_path / "a.npz", Replicates([], np.empty(0), np.empty((7, 0), dtype=np.float32), 1))
    assert read_replicates(tmp_path / "a.npz").values.shape == (7, 0)


class Trap:
    def __reduce__(self):
        return pytest.fail, ("a pickle was loaded",)


def saved(**arrays) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


PARTS = {"columns": np.array(COLUMNS), "point": MADE.point, "values": MADE.values, "units": np.int64(12)}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}\n",
        pickle.dumps(Trap()),
        saved(**PARTS | {"columns": np.array([[Trap()] * 4] * 2, dtype=object)}),
        saved(point=MADE.point, values=MADE.values),
        saved(**PARTS | {"columns": np.array(COLUMNS)[:, :3]}),
        saved(**PARTS | {"columns": np.zeros((2, 4))}),
        saved(**PARTS | {"point": MADE.point[:1]}),
        saved(**PARTS | {"point": MADE.point.astype(np.float32)}),
        saved(**PARTS | {"values": MADE.values[:, :1]}),
        saved(**PARTS | {"values": MADE.values.astype(np.float64)}),
        saved(**PARTS | {"values": MADE.values[0]}),
        saved(**PARTS)[:-200],
        saved(**PARTS)[:700].ljust(2000, b"\0"),
    ],
)
def test_nothing_else_is_read(tmp_path, data):
    path = tmp_path / "a.npz"
    path.write_bytes(data)
    with pytest.raises(UserError, match=r"a\.npz does not hold a cell's replicates"):
        read_replicates(path)


def test_a_damaged_or_single_array(tmp_path):
    path = tmp_path / "a.npz"
    write_replicates(path, replace(MADE, values=np.zeros((500, 2), dtype=np.float32)))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 40] = b"x" * 40
    path.write_bytes(data)
    with pytest.raises(UserError, match="does not hold"):
        read_replicates(path)
    with open(path, "wb") as out:
        np.save(out, MADE.point)
    with pytest.raises(UserError, match="does not hold"):
        read_replicates(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"b\.npz does not exist"):
        read_replicates(tmp_path / "b.npz")


def test_a_failure_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.npz"
    write_replicates(path, MADE)
    before = path.read_bytes()
    with pytest.raises(ValueError):
        write_replicates(path, replace(MADE, columns=[("one",)]))
    assert path.read_bytes() == before and [one.name for one in tmp_path.iterdir()] == ["a.npz"]
