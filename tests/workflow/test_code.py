"""The static closure that rules declare as inputs."""

import subprocess
import sys

import pytest

from anonbench.common.root import ROOT
from anonbench.models.config_files import model_config_files
from anonbench.workflow.code import code_files


@pytest.mark.parametrize(
    "script", sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "workflow_scripts").glob("*.py"))
)
def test_the_closure_holds_every_module_that_importing_the_scripts_modules_loads(script):
    """Import what the script imports in a fresh process and compare with what the syntax trees say."""
    imports = [line for line in (ROOT / script).read_text().splitlines() if line.startswith(("import", "from"))]
    program = "\n".join(
        [
            *imports,
            "import sys",
            "print(*(m.__file__ for n, m in sys.modules.items() if n.split('.')[0] == 'anonbench'))",
        ]
    )
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    files = {path.removeprefix(f"{ROOT}/") for path in loaded.stdout.split()}
    assert files and files <= set(code_files(script))


def test_one_method_is_in_nobody_elses_closure():
    everything = code_files("workflow_scripts/write_variant.py")
    assert not [
        path for path in everything if path.startswith("anonbench/anonymize/methods/") and "__init__" not in path
    ]
    assert "anonbench/anonymize/methods/blur.py" in code_files(
        "workflow_scripts/write_variant.py", "anonbench.anonymize.methods.blur"
    )


def test_evaluation_is_not_in_the_closure_of_training():
    assert not [path for path in code_files("workflow_scripts/train.py") if "evaluate" in path or "report" in path]


def test_an_unknown_root_is_an_error():
    with pytest.raises(FileNotFoundError, match="anonbench.nothing"):
        code_files("anonbench.nothing")


def test_model_config_files_follow_bases(tmp_path):
    (tmp_path / "bases").mkdir()
    (tmp_path / "bases" / "a.py").write_text("x = 1\n")
    (tmp_path / "bases" / "b.py").write_text("_base_ = './a.py'\n")
    (tmp_path / "model.py").write_text("_base_ = ['bases/../bases/b.py']\ny = 2\n")
    found = model_config_files(str(tmp_path / "model.py"))
    assert [path.removeprefix(f"{tmp_path}/") for path in found] == ["bases/a.py", "bases/b.py", "model.py"]
