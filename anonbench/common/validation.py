"""Typed records that come from outside: immutable, without unknown keys, and with messages that name the key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from anonbench.common.errors import UserError, suggest

M = TypeVar("M", bound="Model")


class Model(BaseModel):
    """Base of every record of the configuration: immutable, finite, and a key that nothing reads is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, value: Any) -> Any:
        # Before pydantic's own check, which reports a misspelt key as missing first and cannot say what was meant.
        if isinstance(value, dict):
            for key in value:
                if key not in cls.model_fields:
                    raise PydanticCustomError(
                        "unknown_key", "nothing reads it", {"key": str(key), "fix": suggest(key, cls.model_fields)}
                    )
        return value


def validated(model: type[M], value: Any, where: str = "") -> M:
    """A value as a record of ``model``.

    Parameters
    ----------
    model
        The record's type.
    value
        Plain values, as YAML or JSON gives them.
    where
        The value's key in the configuration, which messages begin with.

    Raises
    ------
    UserError
        For the first mistake, with the full path of its key.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise explained(error, where) from None


def explained(error: ValidationError, where: str = "") -> UserError:
    """The first mistake of a record as one sentence with its key's full path, and what to do about it."""
    first = min(error.errors(), key=lambda found: found["type"] != "unknown_key")
    context = first.get("ctx", {})
    if first["type"] == "unknown_key":
        key = path_of([*first["loc"], context["key"]], where)
        return UserError(f"Unknown configuration key {key}: nothing reads it.", context["fix"])
    key = path_of(first["loc"], where) or "The configuration"
    if first["type"] == "missing":
        return UserError(f"The configuration lacks {key}.", "Add it; config/README.md explains every key.")
    if "fix" in context:
        return UserError(f"{key}: {first['msg']}.", context["fix"])
    message = first["msg"].removeprefix("Value error, ")
    shown = f" (got {first['input']!r:.200})" if not isinstance(first["input"], dict) else ""
    return UserError(f"{key}: {message}{shown}.", "See config/README.md for what it may be.")


def path_of(location: Iterable[str | int], where: str = "") -> str:
    """A key's path as people write it, such as ``study[0].models``."""
    return (where + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in location)).lstrip(".")
