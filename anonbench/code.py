"""Which files of this library a module runs, so that rules can declare them as inputs.

Snakemake sees neither the modules that a script imports nor what those import in turn. The static closure of the
``anonbench`` imports, read from the syntax trees, names them all without running anything. Modules that registries load
by name (one per method, one per dataset format) are outside the closure on purpose: the rule adds the one it uses.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path(__file__).resolve().parent.name
WEIGHTS = re.compile(r"resources/weights/([A-Za-z0-9_.-]+)\.safetensors")


def code_files(*roots: str) -> list[str]:
    """The files of the static import closure of ``roots``, relative to the project's root and sorted.

    Parameters
    ----------
    roots
        Module names (``anonbench.train.run``) or paths of scripts relative to the project's root.

    Raises
    ------
    FileNotFoundError
        If a root is neither a module nor a script of the project.
    """
    return list(_closure(roots))


@cache
def _closure(roots: tuple[str, ...]) -> tuple[str, ...]:
    """The files of ``roots``: thousands of jobs ask for the same few."""
    seen: set[str] = set()
    queue = []
    for root in roots:
        path = root if root.endswith(".py") else _module_file(root)
        if path is None or not (ROOT / path).is_file():
            raise FileNotFoundError(f"{root} is neither a module nor a script of the project")
        queue.append(path)
        if not root.endswith(".py"):
            queue += _packages(root)
    while queue:
        path = queue.pop()
        if path not in seen:
            seen.add(path)
            queue += _imports(path)
    return tuple(sorted(seen))


def model_config_files(config: str) -> list[str]:
    """An MM config and every base it inherits from, relative to the working directory and sorted.

    ``_base_`` is read as a literal, as MMEngine's own reader does.
    """
    return list(_with_bases(config))


@cache
def _with_bases(config: str) -> tuple[str, ...]:
    seen: set[str] = set()
    queue = [Path(config)]
    while queue:
        path = queue.pop()
        if str(path) in seen:
            continue
        seen.add(str(path))
        for node in ast.parse(path.read_text(encoding="utf-8"), str(path)).body:
            if isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "_base_" for t in node.targets):
                bases = ast.literal_eval(node.value)
                queue += [_lexical(path.parent / base) for base in ([bases] if isinstance(bases, str) else bases)]
    return tuple(sorted(seen))


def model_config_weights(config: str) -> list[str]:
    """Names of the fetched weights that an MM config and its bases name as ``resources/weights/<name>.safetensors``."""
    found: set[str] = set()
    for path in model_config_files(config):
        for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8"), path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.update(WEIGHTS.findall(node.value))
    return sorted(found)


def _lexical(path: Path) -> Path:
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        else:
            parts.append(part)
    return Path(*parts)


@cache
def _imports(path: str) -> tuple[str, ...]:
    found: list[str] = []
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"), path)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            file = _module_file(name) if name.split(".")[0] == PACKAGE else None
            if file:
                found += [file, *_packages(name)]
    return tuple(found)


def _module_file(name: str) -> str | None:
    base = name.replace(".", "/")
    for candidate in (f"{base}.py", f"{base}/__init__.py"):
        if (ROOT / candidate).is_file():
            return candidate
    return None


def _packages(name: str) -> list[str]:
    """The ``__init__`` files of every package above a module."""
    parts = name.split(".")
    inits = ["/".join(parts[:n]) + "/__init__.py" for n in range(1, len(parts))]
    return [init for init in inits if (ROOT / init).is_file()]
