"""The method that a command names, with the parameters of its level."""

from __future__ import annotations

from anonbench.common.errors import UserError, suggest
from anonbench.common.validation import Model
from anonbench.config.config import Config, default_file, read_config, with_defaults
from anonbench.config.methods import EXTERNAL
from anonbench.config.plugins import METHODS
from anonbench.config.types import Region


def configured() -> Config:
    """The configuration of the study in whose folder the command runs, else the default one."""
    return read_config(with_defaults({}, default_file()))


def chosen(method: str, level: str, region: Region, has_generator: bool) -> tuple[Config, str, Model]:
    """The configuration, the method's plug-in, and its parameters.

    Raises
    ------
    UserError
        If there is no such method or level, or a generator is missing or not wanted.
    """
    config = configured()
    if method not in config.methods:
        raise UserError(f"There is no method {method!r}.", suggest(method, config.methods))
    if level not in config.methods[method]:
        raise UserError(f"{method} has no level {level!r}.", suggest(level, config.methods[method]))
    plugin = config.method_plugin(method, level, region)
    if plugin == EXTERNAL:
        raise UserError(f"{method} runs a command over a whole dataset.", "Run it in a study, or by itself.")
    if METHODS[plugin].drops:
        raise UserError(
            f"{method} changes what is trained on, and no photograph.", "Choose a method that hides people."
        )
    if (share := config.method_share(method, level, region)) < 1:
        raise UserError(
            f"{method} at {level} leaves people visible on purpose (share: {share:g}), which is for studies only.",
            "Choose a level without `share`.",
        )
    if METHODS[plugin].learned != has_generator:
        fix = "Pass --generator with a generator.safetensors." if not has_generator else "Leave --generator out."
        raise UserError(f"{method} {'needs a' if not has_generator else 'uses no'} trained generator.", fix)
    return config, plugin, config.method_config(method, level, region)
