"""The environments that rules name: the pinned files, and enough for the scripts."""

from __future__ import annotations

import ast
import re
import sys

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from anonbench.common.root import ROOT
from anonbench.workflow.code import code_files
from envs import conda

ENVS = ROOT / "envs"
# Of packages that are imported under another name than they are installed.
PACKAGE_OF = {
    "cv2": "opencv-python-headless",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "pydantic_core": "pydantic-core",
    "typing_extensions": "typing-extensions",
    "resvg_py": "resvg-py",
    "mmengine": "onedl-mmengine",
    "pi_heif": "pi-heif",
    "vl_convert": "vl-convert-python",
}


def pinned(group: str) -> dict[str, Requirement]:
    """What the group's conda environment holds, by canonical name."""
    *_, pip = yaml.safe_load((ENVS / f"{group}.yaml").read_text())["dependencies"]
    found = map(Requirement, pip["pip"])
    return {canonicalize_name(one.name): one for one in found}


def added(group: str) -> set[str]:
    """What the script beside it adds."""
    return set(map(canonicalize_name, re.findall(r"(\S+)==", (ENVS / f"{group}.post-deploy.sh").read_text())))


def rules() -> dict[str, tuple[str, str]]:
    """Environment and script of every rule."""
    found = {}
    for path in (ROOT / "rules").glob("*.smk"):
        for name, body in re.findall(r"^rule (\w+):(.*?)(?=^rule |\Z)", path.read_text(), re.MULTILINE | re.DOTALL):
            env = re.search(r'conda:\n\s+"\.\./envs/(\w+)\.yaml"', body)[1]
            found[name] = env, re.search(r'script:\n\s+"\.\./(\S+)"', body)[1]
    return found


@pytest.mark.parametrize("name", conda.files())
def test_a_file_is_what_the_pinned_files_make_of_it(name: str) -> None:
    assert (ENVS / name).read_text() == conda.files()[name], "run `make envs`"


@pytest.mark.parametrize("group", ["data", "models"])
def test_every_package_has_the_version_that_is_tested(group: str) -> None:
    tested = dict(line.split("==") for line in (ENVS / "constraints.txt").read_text().splitlines() if "==" in line)
    tested = {canonicalize_name(name): version for name, version in tested.items()}
    found = pinned(group)
    assert {name: str(one.specifier) for name, one in found.items()} == {name: f"=={tested[name]}" for name in found}
    assert not found.keys() & added(group)


def test_the_light_environment_has_no_torch_and_the_other_one_has_all_of_it() -> None:
    data, models = pinned("data"), pinned("models")
    assert "torch" not in data and "torch" in models
    assert data.items() <= models.items() and added("data") <= added("models")
    assert "opencv-python" not in models and "chumpy" not in models
    linux_only = {name for name, one in models.items() if one.marker}
    assert "triton" in linux_only and "numpy" not in linux_only and "torch" not in linux_only


@pytest.mark.parametrize("rule", sorted(rule for rule, (env, _) in rules().items() if env == "data"))
def test_a_rules_environment_has_what_its_script_imports(rule: str) -> None:
    env, script = rules()[rule]
    plugins = [f"anonbench.{room}.{path.stem}" for room in PLUGINS.get(rule, []) for path in modules(room)]
    have = pinned(env).keys() | added(env)
    imported = {name for path in code_files(script, *plugins).values() for name in imports(path.read_text())}
    assert imported and {PACKAGE_OF.get(name, name) for name in imported} <= have


# Rules whose scripts load plug-ins by name, and where these are.
PLUGINS = {
    "fetch_file": ["datasets.formats"],
    "verify_file": ["datasets.formats"],
    "convert_split": ["datasets.formats"],
    "score": ["evaluate.tasks", "evaluate.metrics"],
    "resample": ["evaluate.tasks", "evaluate.metrics"],
    "diagnose": ["evaluate.tasks"],
    "contrast": ["evaluate.tasks"],
    "plan": ["datasets.formats"],
    "costs": ["datasets.formats"],
    "report": ["datasets.formats", "report.figures"],
    "partial": ["datasets.formats", "report.figures"],
}


def modules(room: str) -> list:
    return [path for path in (ROOT / "anonbench" / room.replace(".", "/")).glob("*.py") if path.stem != "__init__"]


def imports(source: str) -> set[str]:
    """The top-level packages that are neither Python's nor the project's."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module.split(".")[0])
    return found - sys.stdlib_module_names - {"anonbench"}
