"""The command ``anonbench``."""

from __future__ import annotations

from typing import Annotated

import typer

from anonbench import __version__
from anonbench.cli.anonymize import anonymize
from anonbench.cli.check import check
from anonbench.cli.compare import compare
from anonbench.cli.init import init

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
app.command()(anonymize)
app.command()(compare)
app.command()(check)
app.command()(init)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"anonbench {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Anonymize photographs, and look at what that does. What it costs a model is measured with `snakemake`."""


if __name__ == "__main__":
    app()
