"""The anonymization methods by name: one for every module in ``anonbench/anonymize/methods/``."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from anonbench.anonymize.base import Anonymizer, validate
from anonbench.errors import UserError


def method_names() -> list[str]:
    """The methods that exist, sorted: one for every module in ``anonbench/anonymize/methods/``."""
    folder = Path(__file__).parent / "methods"
    return sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))


def create(
    method: str, params: dict[str, Any], generators: Sequence[Path] = (), device: str = "auto"
) -> Anonymizer:
    """The method of that name with these parameters.

    Parameters
    ----------
    method, params
        As in the configuration.
    generators
        The trained generators' files, for a method that is learned (:func:`is_learned`) and for no other.
    device
        Where a learned method computes: ``auto``, ``cpu``, ``cuda`` or a device of that kind.

    Raises
    ------
    UserError
        If there is no such method, a parameter is unknown, missing or out of its range, or a generator is unusable.
    """
    found = _method_class(method)
    if found.learned != bool(generators):
        raise ValueError(f"{method} {'needs a' if found.learned else 'has no'} generator")
    return found(params, generators, device) if found.learned else found(params)


def is_learned(method: str) -> bool:
    """Whether a method needs a trained generator.

    Raises
    ------
    UserError
        If there is no such method.
    """
    return _method_class(method).learned


def check_params(method: str, params: dict[str, Any]) -> None:
    """Raise the UserError that :func:`create` would raise, without building the method."""
    validate(_method_class(method).Params, params)


def _method_class(method: str) -> type[Anonymizer]:
    known = method_names()
    if method not in known:
        close = difflib.get_close_matches(str(method), known, n=1)
        hint = f"Did you mean {close[0]!r}? " if close else ""
        raise UserError(f"There is no anonymization method {method!r}.", f"{hint}Choose from {', '.join(known)}.")
    module = importlib.import_module(f"anonbench.anonymize.methods.{method}")
    return next(
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Anonymizer) and value.__module__ == module.__name__
    )
