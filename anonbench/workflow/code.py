"""The digest of the library files that a job runs, which rules declare as a parameter.

Snakemake sees neither the modules that a script imports nor what those import in turn. The static closure of the
``anonbench`` imports, read from the syntax trees, names them all without running anything. Plug-ins are loaded by name
and so are outside the closure on purpose: the rule names the ones that it uses. A digest of the contents does not
depend on where the library stands, so that a study whose workflow has moved runs nothing again.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from anonbench.common.files import sha256_of
from anonbench.common.plugins import Plugins
from anonbench.common.root import PACKAGE, ROOT


def code_digest(*roots: str) -> str:
    """A SHA-256 of the names and contents of :func:`code_files`."""
    return _digest(roots)


def code_files(*roots: str) -> dict[str, Path]:
    """The files of the static import closure of ``roots``, by a name that does not depend on where they stand.

    Parameters
    ----------
    roots
        Module names (``anonbench.models.train``), those of users' plug-ins among them, or paths of scripts relative to
        the project's root.

    Raises
    ------
    FileNotFoundError
        If a root is neither a module nor a script of the project.
    """
    seen: dict[str, Path] = {}
    queue: list[tuple[str, Path]] = []
    for root in roots:
        path = ROOT / root if root.endswith(".py") else _module_file(root)
        if path is None or not path.is_file():
            raise FileNotFoundError(f"{root} is neither a module nor a script of the project")
        queue += [(root, path), *_packages(root)]
    while queue:
        name, path = queue.pop()
        if name not in seen:
            seen[name] = path
            queue += _imports(path)
    return dict(sorted(seen.items()))


@cache
def _digest(roots: tuple[str, ...]) -> str:
    contents = [(name, sha256_of(path.read_bytes())) for name, path in code_files(*roots).items()]
    return sha256_of(repr(contents).encode())


@cache
def _imports(path: Path) -> tuple[tuple[str, Path], ...]:
    found: list[tuple[str, Path]] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            file = _module_file(name) if name.split(".")[0] == PACKAGE else None
            if file:
                found += [(name, file), *_packages(name)]
    return tuple(found)


@cache
def _module_file(name: str) -> Path | None:
    parent, _, last = name.rpartition(".")
    folders = [ROOT / parent.replace(".", "/"), *(Path(folder) for folder in Plugins.folders_of(parent))]
    for folder in folders:
        for candidate in (folder / f"{last}.py", folder / last / "__init__.py"):
            if candidate.is_file():
                return candidate
    return None


def _packages(name: str) -> list[tuple[str, Path]]:
    """The ``__init__`` files of every package above a module."""
    if name.endswith(".py"):
        return []
    parts = name.split(".")
    above = (".".join(parts[:n]) for n in range(1, len(parts)))
    return [(package, path) for package in above if (path := _module_file(package)) and path.name == "__init__.py"]
