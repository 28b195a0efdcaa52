"""A group of commands that are imported when they are run, so that ``--help`` answers at once."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from boxoffice.cli.env_file import env_file_option
from boxoffice.cli.version import version_option

FOLDER: Final = "boxoffice.cli"
"""The package of the commands: the module of a command has its name, and an ``app``."""


class LateCommands(TyperGroup):
    """Lists each command by the line that is told here; imports the module of the one that is run."""

    def __init__(self, name: str, *, help: str, commands: Mapping[str, str]) -> None:  # noqa: A002 - Typer's
        listed = [TyperCommand(command, help=line) for command, line in commands.items()]
        super().__init__(
            name=name,
            help=help,
            commands=listed,
            params=[version_option(), env_file_option()],
            no_args_is_help=True,
        )

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command of the first argument, whole. Raises Typer's error if there is none."""
        name, _listed, rest = super().resolve_command(ctx, args)
        return name, None if name is None else load(name), rest


def load(name: str) -> Any:
    """The command of that name, imported."""
    command = typer.main.get_command(import_module(f"{FOLDER}.{name}").app)
    _take_env_file(command)
    return command


def _take_env_file(command: Any) -> None:
    """Lets the command, or each command of a group, take ``--env-file`` after its name, too."""
    command.params.append(env_file_option())
    for below in getattr(command, "commands", {}).values():
        _take_env_file(below)
