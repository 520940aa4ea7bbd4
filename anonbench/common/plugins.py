"""Plug-ins of every kind: a folder of modules, one class each, found by the file's name.

A plug-in is one file (or a folder with an ``__init__.py``) in the package of its kind. It holds one subclass of the
kind's base class, which names the model of its configuration in ``Config``; its docstring is its documentation. Users
add their own without touching this library: the folders in :data:`ENVIRONMENT` have a folder per kind, named as the
kind's package is (``methods``, ``formats``, ``kinds``, ``tasks``, ``metrics``, ``attackers``, ``figures``), whose
modules are found beside the built-in ones.
"""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import sys
from abc import ABC
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from pydantic_core import PydanticCustomError

from anonbench.common.errors import UserError, suggest
from anonbench.common.validation import Model, validated

# Folders of users' own plug-ins, separated as in PATH. Processes inherit it.
ENVIRONMENT = "ANONBENCH_PLUGINS"


class NoConfig(Model):
    """The configuration of a plug-in that has none."""


class Plugin(ABC):  # noqa: B024 (the bases of the kinds have the abstract methods)
    """Base of every plug-in.

    Parameters
    ----------
    config
        A record of the plug-in's ``Config``.
    """

    Config: ClassVar[type[Model]] = NoConfig
    """The plug-in's keys in the configuration."""
    name: ClassVar[str] = ""
    """The file's name, by which the configuration asks for it; set when it is loaded."""

    def __init__(self, config: Model) -> None:
        self.config = config


P = TypeVar("P", bound=Plugin)


class Plugins(Generic[P]):
    """The plug-ins of one kind, by name.

    Parameters
    ----------
    package
        The package whose modules they are. Its ``__init__.py`` sets ``__path__ = search_path(__name__, __path__)``.
    noun
        What messages call one of them.
    """

    _all: ClassVar[list[Plugins]] = []

    def __init__(self, package: str, noun: str) -> None:
        self.package, self.noun = package, noun
        self._loaded: dict[str, type[P]] = {}
        self._all.append(self)

    @property
    def kind(self) -> str:
        """The name of the folder that holds such plug-ins."""
        return self.package.rpartition(".")[2]

    @classmethod
    def folders_of(cls, package: str) -> list[str]:
        """Users' folders of the plug-ins whose package this is; none for any other package."""
        return search_path(package, ()) if any(plugins.package == package for plugins in cls._all) else []

    def names(self) -> list[str]:
        """The names that exist, sorted."""
        path = importlib.import_module(self.package).__path__
        return sorted(module.name for module in pkgutil.iter_modules(path) if not module.name.startswith("_"))

    def __contains__(self, name: object) -> bool:
        return name in self._loaded or name in self.names()

    def __getitem__(self, name: str) -> type[P]:
        """The class of that name.

        Raises
        ------
        UserError
            If there is none, or its module does not hold exactly one plug-in.
        """
        if name not in self._loaded:
            if name not in self.names():
                raise UserError(f"There is no {self.noun} {name!r}.", suggest(name, self.names()))
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def module(self, name: str) -> str:
        """The module that holds the plug-in of that name."""
        return f"{self.package}.{self[name].name}"

    def config(self, name: str, value: Any, where: str = "") -> Model:
        """The validated configuration of the plug-in of that name.

        Raises
        ------
        UserError
            If there is no such plug-in, or a key is unknown, missing or out of its range.
        """
        return validated(self[name].Config, value, where)

    def create(self, name: str, config: Model | dict[str, Any]) -> P:
        """The plug-in of that name with its configuration, a record or plain values that are validated here."""
        found = self[name]
        return found(config if isinstance(config, found.Config) else self.config(name, config))

    def described(self) -> dict[str, str]:
        """The first line of every plug-in's docstring, by name."""
        return {name: (inspect.getdoc(self[name]) or "").partition("\n")[0] for name in self.names()}

    def _load(self, name: str) -> type[P]:
        module = importlib.import_module(f"{self.package}.{name}")
        found = [
            value
            for value in vars(module).values()
            if inspect.isclass(value)
            and issubclass(value, Plugin)
            and value.__module__ == module.__name__
            and not inspect.isabstract(value)
        ]
        if len(found) != 1:
            raise UserError(
                f"{module.__file__} holds {len(found)} plug-ins.",
                f"Define one class that implements everything that a {self.noun} owes.",
            )
        found[0].name = name
        return found[0]


def search_path(package: str, own: Iterable[str]) -> list[str]:
    """The folders of a kind's package: its own, then the users' of that name."""
    kind = package.rpartition(".")[2]
    theirs = (Path(folder, kind) for folder in os.environ.get(ENVIRONMENT, "").split(os.pathsep) if folder)
    return list(dict.fromkeys([*own, *(str(folder) for folder in theirs if folder.is_dir())]))


def use_folders(folders: Iterable[str]) -> None:
    """Look for plug-ins in these folders, too, in this process and in those that it starts.

    Raises
    ------
    UserError
        If a folder does not exist, or holds a plug-in whose name is taken.
    """
    resolved = []
    for folder in folders:
        if not Path(folder).is_dir():
            raise UserError(f"plugins names {folder}, which is not a directory.", "Correct the path.")
        resolved.append(str(Path(folder).resolve()))
    os.environ[ENVIRONMENT] = os.pathsep.join(resolved)
    for plugins in Plugins._all:
        if plugins.package in sys.modules:
            package = sys.modules[plugins.package]
            own = [str(Path(package.__file__).parent)]
            package.__path__ = search_path(plugins.package, own)
            importlib.invalidate_caches()
            plugins._loaded.clear()
            _forget(plugins.package, own)
        _check_names(plugins, resolved)


def _forget(package: str, own: list[str]) -> None:
    """Forget the imported modules of users' folders: another folder may have others of the same names."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name.startswith(f"{package}.") and file and not any(Path(file).is_relative_to(folder) for folder in own):
            del sys.modules[name]


def _check_names(plugins: Plugins, folders: list[str]) -> None:
    seen: dict[str, str] = {}
    for folder in importlib.import_module(plugins.package).__path__:
        for module in pkgutil.iter_modules([folder]):
            if module.name in seen:
                raise UserError(
                    f"The {plugins.noun} {module.name!r} is defined in {seen[module.name]} and in {folder}.",
                    "Rename one of the files.",
                )
            seen[module.name] = folder


class NamedBy:
    """A pydantic annotation: the key ``key`` of a record names the plug-in whose configuration the record is.

    Only plug-ins that are named are imported. Errors keep the path of their key.

    Parameters
    ----------
    plugins
        The kind of plug-in.
    key
        The key that names it; the plug-ins' ``Config`` has it, too.
    default
        What it names where it is left out; None where it has to be given.
    """

    def __init__(self, plugins: Plugins, key: str, default: str | None = None) -> None:
        self.plugins, self.key, self.default = plugins, key, default

    def _record(self, value: Any) -> Model:
        if isinstance(value, Model):
            return value
        if not isinstance(value, dict):
            raise PydanticCustomError("not_a_mapping", "it must be `key: value` pairs", {"fix": "Write keys below it."})
        name = value.get(self.key, self.default)
        if name is None:
            raise PydanticCustomError(
                "no_plugin", "it lacks {key}", {"key": f"`{self.key}`", "fix": suggest("", self.plugins.names())}
            )
        if name not in self.plugins:
            raise PydanticCustomError(
                "unknown_plugin",
                "there is no {noun} {name}",
                {"noun": self.plugins.noun, "name": repr(name), "fix": suggest(name, self.plugins.names())},
            )
        return self.plugins[name].Config.model_validate(value)

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            self._record,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda v: v.model_dump(mode="json")),
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        configs = [self.plugins[name].Config for name in self.plugins.names()]
        return {"anyOf": [handler(config.__pydantic_core_schema__) for config in configs]}
