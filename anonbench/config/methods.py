"""The section ``methods``: the parameters of each anonymization method at each level."""

from __future__ import annotations

from typing import Any, get_args

from anonbench.common.errors import UserError
from anonbench.common.validation import Model
from anonbench.config.plugins import METHODS
from anonbench.config.types import Region

# The method that runs a user's own command, under whatever name the user gives it.
EXTERNAL = "external"


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
    return METHODS.config(plugin, params, f"{where}.{region}" if region in level else where)
