"""Plug-ins: found by their file's name, in this library and in users' folders, and explained when they are not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from anonbench.common.errors import UserError
from anonbench.common.plugins import ENVIRONMENT, use_folders
from anonbench.common.root import ROOT
from anonbench.config.plugins import ATTACKS, FORMATS, KINDS, METHODS, METRICS, TASKS
from anonbench.workflow.code import code_digest, code_files

BUILT_IN = {
    FORMATS: {
        "bdd100k",
        "cityscapes",
        "coco",
        "coco2017",
        "crowdpose",
        "lfw",
        "lspet",
        "market1501",
        "pennfudan",
        "scenes",
        "wider_face",
    },
    KINDS: {"context_encoder", "style_unet"},
    METHODS: {"blur", "drop_images", "drop_labels", "external", "gan", "inpaint", "mask_out", "pixelate"},
    TASKS: {"detection", "instance_segmentation", "pose"},
    METRICS: {"cityscapes", "coco", "crowdpose", "pck", "people", "wider_face"},
    ATTACKS: {"adaptive", "inversion", "memory", "naive", "parrot", "residual"},
}
TOY = '''"""A toy."""

from anonbench.anonymize.method import Method
from anonbench.common.validation import Model


class Config(Model):
    shade: int = 7


class Toy(Method):
    """Fill with one shade."""

    Config = Config
    sees_region = False

    def fill(self, patch):
        return patch.image * 0 + self.config.shade
'''


@pytest.fixture(autouse=True)
def no_folders():
    """Users' folders are forgotten after each test."""
    yield
    use_folders([])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's folder with one method."""
    (tmp_path / "methods").mkdir()
    (tmp_path / "methods" / "toy.py").write_text(TOY)
    return tmp_path


@pytest.mark.parametrize("plugins", BUILT_IN, ids=lambda plugins: plugins.kind)
def test_every_module_of_the_folder_is_a_plugin_that_is_explained(plugins) -> None:
    assert set(plugins.names()) == BUILT_IN[plugins]
    assert all(plugins[name].name == name for name in plugins.names())
    assert all(len(line) > 20 for line in plugins.described().values())


@pytest.mark.parametrize("plugins", BUILT_IN, ids=lambda plugins: plugins.kind)
def test_a_wrong_name_is_answered_with_the_nearest(plugins) -> None:
    right = plugins.names()[0]
    with pytest.raises(UserError, match=f"There is no {plugins.noun} '{right}x'. Did you mean '{right}'?"):
        plugins[f"{right}x"]


def test_loading_the_configuration_imports_no_heavy_package() -> None:
    """It happens at every call of Snakemake."""
    program = (
        "import sys\n"
        "from anonbench.config.plugins import ATTACKS, FORMATS, KINDS, METHODS, METRICS, TASKS\n"
        "kinds = ATTACKS, FORMATS, KINDS, METHODS, METRICS, TASKS\n"
        "[plugins[name] for plugins in kinds for name in plugins.names()]\n"
        "print(*sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    heavy = {"torch", "mmengine", "mmdet", "scipy", "sklearn", "pandas", "cityscapesscripts", "facenet_pytorch"}
    assert not heavy & set(found.stdout.split())


def test_what_the_rules_import_of_the_report_is_light() -> None:
    """It happens at every call of Snakemake, and in every job."""
    inputs = (ROOT / "rules/inputs/report.smk").read_text(encoding="utf-8")
    imports = re.findall(r"^from anonbench[^\n(]+(?:\([^)]*\))?", inputs, re.MULTILINE)
    assert len(imports) > 5
    program = "import sys\n" + "\n".join(imports) + "\nprint(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"torch", "scipy", "pandas", "cv2", "statsmodels", "numba", "altair"} & set(found.stdout.split())


def test_a_users_plugin_is_found_in_this_process_and_in_those_it_starts(folder: Path) -> None:
    use_folders([str(folder)])
    assert "toy" in METHODS and METHODS.create("toy", {}).config.shade == 7
    program = "from anonbench.config.plugins import METHODS; print(METHODS.create('toy', {'shade': 9}).config.shade)"
    child = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert child.stdout.strip() == "9"
    use_folders([])
    assert "toy" not in METHODS and not os.environ[ENVIRONMENT]


def test_the_digest_of_a_users_plugin_follows_its_content_and_what_it_imports(folder: Path) -> None:
    use_folders([str(folder)])
    files = code_files(METHODS.module("toy"))
    assert files[METHODS.module("toy")] == folder / "methods" / "toy.py"
    assert "anonbench.anonymize.method" in files
    assert code_digest(METHODS.module("toy")) != code_digest(METHODS.module("blur"))


def test_a_name_that_is_taken_is_refused(folder: Path) -> None:
    (folder / "methods" / "blur.py").write_text(TOY)
    with pytest.raises(UserError, match="The anonymization method 'blur' is defined in"):
        use_folders([str(folder)])


def test_a_file_without_a_plugin_is_refused(folder: Path) -> None:
    (folder / "methods" / "empty.py").write_text('"""Nothing."""\n')
    use_folders([str(folder)])
    with pytest.raises(UserError, match=r"methods/empty.py holds 0 plug-ins. Define one class"):
        METHODS["empty"]


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="plugins names .*nowhere, which is not a directory"):
        use_folders([str(tmp_path / "nowhere")])
