"""``anonbench compare``: a row per method, a column per level."""

from __future__ import annotations

import yaml

from anonbench.cli.compare import WIDTH
from anonbench.cli.sheets import CAPTION, GAP
from anonbench.common.images import decode
from anonbench.common.root import ROOT

BOX = (20.0, 10.0, 50.0, 40.0)


def test_every_method_and_level_is_shown(anonbench, finds, folder, tmp_path) -> None:
    finds(BOX)
    result = anonbench("compare", folder / "a.png", "--out", tmp_path / "sheet.png", "--whole")
    assert result.exit_code == 0, result.output
    sheet = decode(tmp_path / "sheet.png")
    rows, columns = 4, 4  # blur, pixelate, mask_out, inpaint; the original and three levels
    height = round(WIDTH * 60 / 80) + CAPTION + GAP
    assert sheet.shape == (rows * height, columns * (WIDTH + GAP), 3)
    cells = [
        [sheet[r * height + CAPTION :, c * (WIDTH + GAP) :][:60, :80] for c in range(columns)] for r in range(rows)
    ]
    for row in cells:
        assert (row[0] == decode(folder / "a.png")).all()
        for changed in row[1:]:
            assert (changed != row[0]).any(-1)[10:40, 20:50].mean() > 0.9
    assert not cells[2][1][10:40, 20:50].any()  # mask_out
    assert all((one != other).any() for row in cells for one, other in zip(row[1:], row[2:], strict=False))


def test_a_level_that_leaves_people_visible_is_not_shown(anonbench, finds, folder, tmp_path, monkeypatch) -> None:
    finds(BOX)
    study = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    levels = {"medium": {"sigma": 0.1}, "half": {"sigma": 0.1, "share": 0.5}}
    study["methods"] = {"blur": levels, "drop_labels": {name: {"grow": 0.1} for name in "abc"}}
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").write_text(yaml.safe_dump(study))
    monkeypatch.chdir(tmp_path)
    result = anonbench("compare", "in/a.png", "--out", "sheet.png", "--whole")
    assert result.exit_code == 0, result.output
    assert decode(tmp_path / "sheet.png").shape[1] == 2 * (WIDTH + GAP)


def test_without_a_region_nothing_is_written(anonbench, finds, folder, tmp_path) -> None:
    finds()
    result = anonbench("compare", folder / "a.png", "--out", tmp_path / "sheet.png")
    assert result.exit_code == 2 and "No face is found" in result.output and not (tmp_path / "sheet.png").exists()


def test_no_file_is_replaced_unasked(anonbench, finds, folder) -> None:
    finds(BOX)
    assert anonbench("compare", folder / "a.png").exit_code == 0
    assert (folder / "a-face-compared.jpg").is_file()
    again = anonbench("compare", folder / "a.png")
    assert again.exit_code == 2 and "exists" in again.output
