"""The static closure whose digest rules declare as a parameter."""

from __future__ import annotations

import subprocess
import sys

import pytest

from anonbench.common.root import ROOT
from anonbench.workflow.code import code_digest, code_files


@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / "workflow_scripts").glob("*.py")))
def test_the_closure_holds_every_module_that_importing_the_scripts_modules_loads(script):
    """Import what the script imports in a fresh process and compare with what the syntax trees say."""
    script = f"workflow_scripts/{script}"
    imports = [line for line in (ROOT / script).read_text().splitlines() if line.startswith(("import", "from"))]
    program = "\n".join(
        [
            *imports,
            "import sys",
            "print(*(m.__file__ for n, m in sys.modules.items() if n.split('.')[0] == 'anonbench'))",
        ]
    )
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.split() and set(loaded.stdout.split()) <= {str(path) for path in code_files(script).values()}


def test_one_method_is_in_nobody_elses_closure():
    everything = code_files("workflow_scripts/anonymize_shard.py")
    assert not [name for name in everything if name.startswith("anonbench.anonymize.methods.")]
    with_blur = code_files("workflow_scripts/anonymize_shard.py", "anonbench.anonymize.methods.blur")
    assert "anonbench.anonymize.methods.blur" in with_blur
    assert "anonbench.anonymize.methods.pixelate" not in with_blur


@pytest.mark.parametrize(
    ("script", "rooms"),
    [
        ("train_model", ("evaluate", "report", "study", "anonymize", "generators")),
        ("predict", ("evaluate", "report", "study", "anonymize", "generators")),
        ("score", ("report", "study", "anonymize", "generators")),
        ("resample", ("report", "study", "anonymize", "generators")),
        ("diagnose", ("report", "study", "anonymize", "generators")),
        ("contrast", ("report", "study", "anonymize", "generators")),
        ("summarize", ("models", "study", "anonymize", "generators")),
        ("anonymize_shard", ("models", "evaluate", "report", "study")),
        ("train_generator", ("models", "evaluate", "report", "study", "anonymize")),
        ("convert_split", ("models", "evaluate", "report", "study", "anonymize", "generators", "regions")),
    ],
)
def test_a_change_in_a_later_room_runs_nothing_before_it(script, rooms):
    names = code_files(f"workflow_scripts/{script}.py")
    assert not [name for name in names if name.split(".")[1:2] and name.split(".")[1] in rooms]


def test_scoring_runs_no_model():
    """It reads what a model predicted, and nothing that trains or runs one."""
    names = code_files("workflow_scripts/score.py")
    assert {name for name in names if name.startswith("anonbench.models.")} == {"anonbench.models.predictions"}


def test_an_unknown_root_is_an_error():
    with pytest.raises(FileNotFoundError, match="anonbench.nothing"):
        code_files("anonbench.nothing")


def test_the_digest_does_not_depend_on_where_the_library_stands(tmp_path):
    """A copy elsewhere has the same one, and a changed copy another one."""
    import shutil

    for part in ("anonbench", "workflow_scripts"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    program = "from anonbench.workflow.code import code_digest; print(code_digest('workflow_scripts/score.py'))"

    def there() -> str:
        command = [sys.executable, "-c", program]
        environment = {"PYTHONPATH": str(tmp_path), "PATH": ""}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    assert there() == code_digest("workflow_scripts/score.py")
    module = tmp_path / "anonbench" / "common" / "errors.py"
    module.write_text(module.read_text() + "# changed\n")
    assert there() != code_digest("workflow_scripts/score.py")
