"""The section ``methods``: the parameters of each anonymization method at each level."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import Field

from anonbench.common.errors import UserError
from anonbench.common.validation import Model, validated
from anonbench.config.plugins import METHODS
from anonbench.config.types import Region

# The method that runs a user's own command, under whatever name the user gives it.
EXTERNAL = "external"


class Dose(Model):
    """The key of every level that is not the method's. ``share``: which share of people is anonymized; the others are
    left visible on purpose."""

    share: Annotated[float, Field(ge=0, le=1)] = 1.0


def plugin_of(method: str, params: dict[str, Any]) -> str:
    """The plug-in that anonymizes: the method's own, or ``external`` where the parameters name a command.

    Raises
    ------
    UserError
        If there is no such method, or a built-in one is given a command.
    """
    if "command" in params:
        if method in METHODS and method != EXTERNAL:
            raise UserError(f"{method} is a built-in method and runs no command.", "Give your own tool another name.")
        return EXTERNAL
    if method not in METHODS:
        try:
            METHODS[method]
        except UserError as error:
            raise UserError(error.problem, f"{error.fix} Or name the `command` that runs your own tool.") from None
    return method


def params_of(level: dict[str, Any], region: Region, where: str = "") -> dict[str, Any]:
    """A level's parameters for a region, not yet validated.

    Raises
    ------
    UserError
        If something else than parameters stands below the region's name.
    """
    own = level.get(region, {})
    if not isinstance(own, dict):
        raise UserError(f"{where}.{region} is {own!r}.", "Write parameters below it.")
    return {key: value for key, value in level.items() if key not in get_args(Region)} | own


def level_config(method: str, level: dict[str, Any], region: Region, where: str = "") -> Model:
    """A method's validated parameters at a level: those for every region, and on top those below the region's name.

    The level's :class:`Dose` is validated as well; it is none of the method's parameters.

    Raises
    ------
    UserError
        If there is no such method, or a parameter is unknown, missing or out of its range.
    """
    params = params_of(level, region, where)
    try:
        plugin = plugin_of(method, params)
    except UserError as error:
        raise UserError(f"{where}: {error.problem}" if where else error.problem, error.fix) from None
    where = f"{where}.{region}" if region in level else where
    _dose(params, where)
    return METHODS.config(plugin, {key: value for key, value in params.items() if key not in Dose.model_fields}, where)


def level_share(level: dict[str, Any], region: Region, where: str = "") -> float:
    """The share of people that a level anonymizes.

    Raises
    ------
    UserError
        If it is out of its range.
    """
    return _dose(params_of(level, region, where), where).share


def _dose(params: dict[str, Any], where: str) -> Dose:
    return validated(Dose, {key: params[key] for key in Dose.model_fields if key in params}, where)
