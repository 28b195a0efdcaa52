"""The option ``--env-file``, which every command has, before its name or after it."""

from pathlib import Path
from typing import Annotated, Any

import typer

_holder = typer.Typer(add_completion=False)


def _use(path: Path | None) -> None:
    if path is None:
        return
    from boxoffice.cli.output import fail  # noqa: PLC0415 - `--help` needs none of it
    from boxoffice.serve.settings import ProgramSettings  # noqa: PLC0415 - likewise
    from boxoffice.settings.settings import take_settings_from  # noqa: PLC0415 - likewise
    from boxoffice.settings.texts import SettingsError  # noqa: PLC0415 - likewise

    try:
        take_settings_from(path, ProgramSettings)
    except SettingsError as wrong:
        fail(str(wrong))


@_holder.command()
def _declared(
    _env_file: Annotated[
        Path | None,
        typer.Option(
            "--env-file",
            metavar="FILE",
            callback=_use,
            is_eager=True,
            expose_value=False,
            help="Take the settings from this file alone, as the service does.",
        ),
    ] = None,
) -> None:
    """Declares the option."""


def env_file_option() -> Any:
    """The option, as Typer makes it of its declaration."""
    [option] = [found for found in typer.main.get_command(_holder).params if "--env-file" in found.opts]
    return option
