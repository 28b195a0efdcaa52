"""The option ``--version``."""

import sys
from typing import Annotated, Any

import typer

from boxoffice import __version__

_holder = typer.Typer(add_completion=False)


def _tell(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"boxoffice {__version__}\n")
        raise typer.Exit


@_holder.command()
def _declared(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_tell, is_eager=True, expose_value=False, help="Print the version, and end."
        ),
    ] = False,
) -> None:
    """Declares the option."""


def version_option() -> Any:
    """The option, as Typer makes it of its declaration."""
    [option] = [found for found in typer.main.get_command(_holder).params if "--version" in found.opts]
    return option
