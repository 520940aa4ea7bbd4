"""Model configs with their bases: where they are found, what they load, and when a digest changes."""

import shutil

import pytest

from anonbench.common.root import ROOT
from anonbench.models.config_files import (
    find_model_config,
    model_config_digest,
    model_config_epochs,
    model_config_files,
    model_config_weights,
)

SHIPPED = "config/models/mask-rcnn_mobilenetv2_toy.py"


def config(folder, base="x = 1\n", middle="_base_ = './a.py'\n", top="y = 2\n"):
    """A config in the folder, its base and the base's base."""
    (folder / "bases").mkdir(parents=True)
    (folder / "bases" / "a.py").write_text(base)
    (folder / "bases" / "b.py").write_text(middle)
    (folder / "model.py").write_text("_base_ = ['bases/../bases/b.py']\n" + top)
    return folder / "model.py"


def test_the_studys_own_config_comes_before_the_workflows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_model_config(SHIPPED) == ROOT / SHIPPED
    own = tmp_path / SHIPPED
    own.parent.mkdir(parents=True)
    own.write_text("default_scope = 'mmdet'\n")
    assert find_model_config(SHIPPED).resolve() == own.resolve() != ROOT / SHIPPED
    assert str(find_model_config("config/models/none.py")) == "config/models/none.py"


def test_files_follow_bases(tmp_path):
    found = model_config_files(config(tmp_path))
    assert [path.removeprefix(f"{tmp_path}/") for path in found] == ["model.py", "bases/b.py", "bases/a.py"]


def test_a_base_that_is_missing_is_an_error(tmp_path):
    (tmp_path / "model.py").write_text("_base_ = 'none.py'\n")
    with pytest.raises(FileNotFoundError, match="none.py"):
        model_config_files(tmp_path / "model.py")


def test_the_digest_is_of_contents_wherever_they_are(tmp_path, monkeypatch):
    first = model_config_digest(config(tmp_path / "a"))
    assert first == model_config_digest(config(tmp_path / "elsewhere" / "b"))
    assert first != model_config_digest(config(tmp_path / "c", base="x = 2\n"))
    assert first != model_config_digest(config(tmp_path / "d", middle="_base_ = './a.py'\nx = 1\n"))
    assert first != model_config_digest(config(tmp_path / "e", top="y = 3\n"))
    shutil.copytree(ROOT / "config" / "models", tmp_path / "config" / "models")
    shipped = model_config_digest(ROOT / SHIPPED)
    monkeypatch.chdir(tmp_path)
    assert find_model_config(SHIPPED).resolve() == (tmp_path / SHIPPED).resolve()
    assert model_config_digest(SHIPPED) == shipped


def test_weights_are_found_in_bases(tmp_path):
    base = "model = dict(init_cfg=dict(file='resources/weights/base-1.safetensors'))\n"
    path = config(tmp_path, base, top="load_from = 'resources/weights/all_2.safetensors'\n")
    assert model_config_weights(path) == ["all_2", "base-1"]


@pytest.mark.parametrize(
    ("base", "top", "epochs"),
    [
        ("train_cfg = dict(by_epoch=True, max_epochs=9)\n", "y = 2\n", 9),
        ("train_cfg = dict(max_epochs=9)\n", "train_cfg = dict(max_epochs=12)\n", 12),
        ("train_cfg = dict(max_epochs=9)\n", "train_cfg = dict(val_interval=3)\n", 9),
        ("train_cfg = {'max_epochs': 7, **{}}\n", "y = 2\n", 7),
        ("model = dict(train_cfg=dict(max_epochs=3))\n", "train_cfg = make(max_iters=100)\n", None),
        ("n = 4\n", "train_cfg = dict(max_epochs=n)\n", None),
    ],
)
def test_epochs_are_those_of_the_nearest_file_that_sets_them(tmp_path, base, top, epochs):
    assert model_config_epochs(config(tmp_path, base, top=top)) == epochs


def test_the_epochs_of_every_shipped_config_are_those_that_mmengine_reads():
    from mmengine.config import Config

    for path in (ROOT / "config/models").glob("*.py"):
        assert model_config_epochs(path) == Config.fromfile(str(path)).train_cfg.max_epochs
