"""Outputs that appear whole or not at all."""

from collections import namedtuple

import pytest

from anonbench.common import files
from anonbench.common.errors import UserError


def test_json_round_trips_and_makes_parents(tmp_path):
    path = tmp_path / "a" / "b.json"
    files.write_json(path, {"b": [1, 2.5], "a": "é"})
    assert files.read_json(path) == {"b": [1, 2.5], "a": "é"}


def test_a_list_on_disk_is_written_as_any_other(tmp_path):
    records = [{"a": 1.5, "b": "é"}, [], "x"]
    for kept in ([], records):
        files.write_json(tmp_path / "plain.json", {"info": {"n": 1}, "annotations": kept, "more": [2]})
        with files.JsonList(tmp_path / "spool") as spool:
            for record in kept:
                spool.append(record)
            assert len(spool) == len(kept)
            files.write_json_object(tmp_path / "a" / "b.json", {"info": {"n": 1}, "annotations": spool, "more": [2]})
        assert (tmp_path / "a" / "b.json").read_bytes() == (tmp_path / "plain.json").read_bytes()
        assert not (tmp_path / "spool").exists()
    with files.JsonList(tmp_path / "spool") as spool, pytest.raises(ValueError):
        spool.append({"a": float("inf")})


def test_a_failing_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.json"
    files.write_json(path, 1)
    with pytest.raises(ValueError):
        files.write_json(path, float("nan"))
    assert files.read_json(path) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_what_a_killed_process_left_beside_a_file_does_not_matter(tmp_path):
    (tmp_path / "a.json.part").write_bytes(b"half")
    files.write_json(tmp_path / "a.json", 1)
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_errors_of_writing_name_the_file(tmp_path):
    with pytest.raises(OSError) as raised, files.naming(tmp_path / "a"):
        raise OSError(28, "No space left on device")
    assert raised.value.filename == str(tmp_path / "a")
    with pytest.raises(OSError) as raised, files.naming(tmp_path / "a"):
        raise OSError(28, "No space left on device", "other")
    assert raised.value.filename == "other"


def test_a_damaged_file_of_the_workflow_is_to_be_deleted(tmp_path):
    with pytest.raises(UserError, match="made.json does not exist. Run the workflow again"):
        files.read_made(tmp_path / "made.json")
    files.write_json(tmp_path / "made.json", {"a": "b" * 100})
    whole = (tmp_path / "made.json").read_bytes()
    for damaged in (b"", whole[:50], whole[:50] + bytes(20) + whole[70:], b"\xff" + whole):
        (tmp_path / "made.json").write_bytes(damaged)
        with pytest.raises(UserError, match=r"made.json is damaged \(.*\). Delete it and run the workflow again."):
            files.read_made(tmp_path / "made.json")


def test_missing_and_broken_json_name_the_file(tmp_path):
    with pytest.raises(UserError, match="missing.json does not exist"):
        files.read_json(tmp_path / "missing.json")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(UserError, match="broken.json is not valid JSON"):
        files.read_json(tmp_path / "broken.json")


def test_too_little_disk_is_told_with_figures(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")(10, 5, 5_000_000)
    monkeypatch.setattr(files.shutil, "disk_usage", lambda path: usage)
    files.require_space(tmp_path / "new" / "folder", 5_000_000, "Writing")
    with pytest.raises(UserError, match="Writing needs about 6 MB in .*, but only 5 MB are free"):
        files.require_space(tmp_path / "new" / "folder", 6_000_000, "Writing")


def test_hashes_agree(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert files.sha256_file(tmp_path / "a") == files.sha256_of(b"abc") == expected
