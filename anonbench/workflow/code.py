"""Which files of this library a module runs, so that rules can declare them as inputs.

Snakemake sees neither the modules that a script imports nor what those import in turn. The static closure of the
``anonbench`` imports, read from the syntax trees, names them all without running anything. Modules that registries load
by name (one per method, one per dataset format) are outside the closure on purpose: the rule adds the one it uses.
"""

from __future__ import annotations

import ast
from functools import cache

from anonbench.common.root import PACKAGE, ROOT


def code_files(*roots: str) -> list[str]:
    """The files of the static import closure of ``roots``, relative to the project's root and sorted.

    Parameters
    ----------
    roots
        Module names (``anonbench.models.train``) or paths of scripts relative to the project's root.

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
