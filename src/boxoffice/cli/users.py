"""The commands on persons: ``boxoffice users ...``."""

import sys
from typing import Annotated

import msgspec
import typer

from boxoffice.cli.output import fail, out
from boxoffice.cli.shared import ACTOR, in_database
from boxoffice.engine.runtime import open_engine
from boxoffice.settings.settings import Settings
from boxoffice.vocabulary.commands import EraseUser
from boxoffice.vocabulary.outcomes import RefusalCode, Refused
from boxoffice.vocabulary.views import UserExport

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Persons and what is kept about them.")


@app.command()
def erase(user_id: Annotated[int, typer.Argument(min=1, metavar="ID")]) -> None:
    """Remove a person: what is left are bookings of nobody in particular, and a sound audit."""
    outcome = in_database(lambda settings: _erase(settings, user_id))
    if isinstance(outcome, Refused):
        fail(_why(outcome, user_id))
    out.print(f"erased user {user_id}", markup=False)


@app.command()
def export(user_id: Annotated[int, typer.Argument(min=1, metavar="ID")]) -> None:
    """Print everything that is kept about a person, as JSON."""
    told = in_database(lambda settings: _export(settings, user_id))
    if told is None:
        fail(f"there is no user {user_id}")
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(told)).decode() + "\n")


async def _erase(settings: Settings, user_id: int) -> object:
    async with open_engine(settings, sweep=False) as (engine, _):
        return await engine.execute(EraseUser(actor=ACTOR, user_id=user_id))


async def _export(settings: Settings, user_id: int) -> UserExport | None:
    async with open_engine(settings, sweep=False) as (_, reads):
        told = await reads.export_user(user_id)
    if told is not None:
        told.hide_others()
    return told


def _why(refused: Refused, user_id: int) -> str:
    if refused.code == RefusalCode.ACTIVE_BOOKINGS:
        return f"user {user_id} has active bookings ({refused.details['count']}): cancel them first"
    return f"there is no user {user_id}"
