"""Imports of OpenMMLab and torchvision that run only what a job needs.

MMDetection's and MMPose's packages import every model, dataset and transform that they have, together with those
modules' own dependencies, which takes several times as long as everything that one model uses. Most of their
``__init__`` files do nothing but re-export names, though. :func:`install` makes such a package lazy: a name is imported
from the module that defines it when it is first asked for, as PEP 562 allows, and a registry asks for the name that a
config gives. Whatever a registry does not find that way it looks for among everything, as it would without this module.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
from collections.abc import Callable
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

ROOTS = ("mmdet", "mmpose")
SHARDED_OPTIMIZER = "torch.distributed.optim"
SHARDED_MODELS = {
    "mmengine.model.wrappers.fully_sharded_distributed": "MMFullyShardedDataParallel",
    "mmengine.runner._flexible_runner": "FlexibleRunner",
}
REGISTERED_NAME = re.compile(r"""register_module\(\s*(?:name\s*=\s*)?["'](\w+)["']""")


def install() -> None:
    """Make the re-exporting packages below :data:`ROOTS` lazy and let registries ask them for names."""
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    sys.meta_path.insert(0, _Finder())
    _import_mmengine_without_sharding()
    from mmengine.registry import Registry

    Registry.get = _lean_get(Registry.get)


def _import_mmengine_without_sharding() -> None:
    """Import MMEngine as on a torch that cannot shard a model over devices: those parts import more than all others.

    Nothing here shards a model: of several devices, each holds all of it. MMEngine guards its import of the sharded
    optimizer (None in ``sys.modules`` makes an import fail); its modules for sharded models give way to empty ones.
    """
    if "mmengine.model" in sys.modules or SHARDED_OPTIMIZER in sys.modules:
        return
    for module, name in SHARDED_MODELS.items():
        sys.modules[module] = ModuleType(module)
        setattr(sys.modules[module], name, None)
    sys.modules[SHARDED_OPTIMIZER] = None
    try:
        importlib.import_module("mmengine.runner")
    finally:
        for module in (SHARDED_OPTIMIZER, *SHARDED_MODELS):
            del sys.modules[module]


def load_torchvision_ops() -> None:
    """Make ``torch.ops.torchvision`` available without the models and transforms of ``import torchvision``."""
    (folder,) = find_spec("torchvision").submodule_search_locations
    libraries = list(Path(folder).glob("_C*.so"))
    if len(libraries) == 1:
        torch.ops.load_library(libraries[0])
    else:
        importlib.import_module("torchvision")


class _Finder(PathFinder):
    """Finds modules as Python does, but gives re-exporting packages a lazy loader."""

    @classmethod
    def find_spec(cls, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name.split(".")[0] not in ROOTS:
            return None
        spec = super().find_spec(name, path, target)
        if (
            spec is not None
            and spec.submodule_search_locations
            and (exports := _exports(name, spec.origin)) is not None
        ):
            spec.loader = _LazyLoader(exports)
        return spec


class _LazyLoader:
    """Runs no code of a package but resolves the names that it re-exports on demand."""

    def __init__(self, exports: dict[str, tuple[str, str]]) -> None:
        self.exports = exports

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _LazyPackage(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        module.lazy_exports = self.exports
        module.__all__ = list(self.exports)


class _LazyPackage(ModuleType):
    """A package whose names are imported when they are asked for."""

    def __getattr__(self, name: str) -> Any:
        if name == "lazy_exports" or name not in self.lazy_exports:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        source, attribute = self.lazy_exports[name]
        value = getattr(importlib.import_module(source), attribute)
        super().__setattr__(name, value)
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute, but let no submodule hide the name that the package exports from it (``bbox_overlaps``)."""
        if isinstance(value, ModuleType) and name in getattr(self, "lazy_exports", {}):
            return
        super().__setattr__(name, value)


@cache
def _exports(package: str, init: str) -> dict[str, tuple[str, str]] | None:
    """Where a package's names come from, as (module, attribute); None if its ``__init__`` does more than re-export."""
    exports: dict[str, tuple[str, str]] = {}
    for node in _statements(ast.parse(Path(init).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module:
            source = f"{package}.{node.module}"
            if node.names[0].name == "*":
                inner = Path(init).parent.joinpath(*node.module.split("."), "__init__.py")
                starred = _exports(source, str(inner)) if inner.exists() else None
                if starred is None:
                    return None
                exports.update(starred)
            else:
                exports.update({alias.asname or alias.name: (source, alias.name) for alias in node.names})
        elif not _is_inert(node):
            return None
    return exports or None


def _statements(tree: ast.Module) -> list[ast.stmt]:
    """The statements of an ``__init__``, those of optional imports included."""
    found: list[ast.stmt] = []
    for node in tree.body:
        found += node.body if isinstance(node, ast.Try) else [node]
    return found


def _is_inert(node: ast.stmt) -> bool:
    """Whether a statement is a docstring or builds ``__all__`` (or a part of it)."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AugAssign) else []
    return any(isinstance(t, ast.Name) and (t.id == "__all__" or t.id.endswith("types")) for t in targets)


def _lean_get(full_get: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    """``Registry.get`` that first imports what defines the name, and everything if that was not enough."""

    def get(self: Any, key: str) -> Any:
        name = key.rsplit(".", 1)[-1]
        packages = [importlib.import_module(location) for location in self._locations]
        lazy = [package for package in packages if hasattr(package, "lazy_exports")]
        for package in lazy:
            if name in package.lazy_exports:
                getattr(package, name)
            for module in _registered_under_names(package.__name__, package.__path__[0]).get(name, ()):
                importlib.import_module(module)
        if (found := _or_none(full_get, self, key)) is None and lazy:
            for package in lazy:
                for exported in package.lazy_exports:
                    _import_export(package, exported)
            found = full_get(self, key)
        return found

    return get


def _or_none(full_get: Callable[[Any, str], Any], registry: Any, key: str) -> Any:
    try:
        return full_get(registry, key)
    except RuntimeError:  # MMEngine's "Failed to get"
        return None


def _import_export(package: ModuleType, name: str) -> None:
    try:
        getattr(package, name)
    except ImportError:  # an optional component whose own dependencies are not installed
        pass


@cache
def _registered_under_names(package: str, folder: str) -> dict[str, list[str]]:
    """The modules below a package that register something under another name than its own, by that name."""
    found: dict[str, list[str]] = {}
    for path in sorted(Path(folder).rglob("*.py")):
        for name in REGISTERED_NAME.findall(path.read_text(encoding="utf-8")):
            module = ".".join((package, *path.relative_to(folder).with_suffix("").parts))
            found.setdefault(name, []).append(module)
    return found
