"""The command ``anonbench``."""

from __future__ import annotations

from typing import Annotated

import typer

from anonbench import __version__

app = typer.Typer(add_completion=False, no_args_is_help=True)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"anonbench {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Measure what image anonymization costs computer-vision training. The study itself runs with `snakemake`."""


if __name__ == "__main__":
    app()
