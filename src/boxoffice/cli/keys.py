"""The commands on API keys: ``boxoffice keys ...``."""

import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, TypeVar

import msgspec
import typer

from boxoffice.access.callers import Role
from boxoffice.access.key_desk import ROTATION_OVERLAP, KeyDesk, NewKey
from boxoffice.cli.output import AsJson, fail, out, print_json, print_table
from boxoffice.cli.shared import DAYS_MAX, in_database
from boxoffice.engine.runtime import open_store
from boxoffice.settings.settings import Settings
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.texts import text_in_form
from boxoffice.vocabulary.views import ApiKey

T = TypeVar("T")

app = typer.Typer(add_completion=False, no_args_is_help=True, help="API keys for servers.")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    role: Annotated[Literal["service", "operator", "admin"], typer.Option(help="What it may do.")],
    show: Annotated[
        list[int] | None,
        typer.Option(min=1, max=limits.SHOW_ID_MAX, help="Only for this show; may be given several times."),
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=DAYS_MAX, help="Days that it lasts.  [default: until revoked]")
    ] = None,
) -> None:
    """Make a key. It is shown once, and only its hash is kept."""
    formed = text_in_form(name)
    if formed is None or len(formed) > limits.NAME_CHARS_MAX:
        fail(f"a key's name has 1 to {limits.NAME_CHARS_MAX} characters, all of them visible")
    lasts = None if days is None else timedelta(days=days)
    _tell_new(_at_desk(lambda desk: desk.create(formed, Role(role), show or None, lasts)))


@app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List all keys, without their secrets."""
    keys = _at_desk(lambda desk: desk.list())
    if as_json:
        print_json([msgspec.structs.asdict(key) | {"state": _state(key)} for key in keys])
    else:
        print_table(
            ("id", "name", "role", "shows", "created", "expires", "state"), [_row(key) for key in keys]
        )


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """End a key; every server notices within seconds."""
    if _at_desk(lambda desk: desk.revoke(key_id)) is None:
        fail(f"there is no key {key_id}")
    out.print(f"revoked {key_id}", markup=False)


@app.command()
def rotate(key_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Make a new key with the same rights; the old one ends a day later."""
    new = _at_desk(lambda desk: desk.rotate(key_id))
    if new is None:
        fail(f"there is no key {key_id}, or it was revoked")
    _tell_new(new)
    hours = ROTATION_OVERLAP.total_seconds() / 3600
    out.print(f"the old key {key_id} ends in {hours:g} hours", markup=False)


def _at_desk(work: Callable[[KeyDesk], Awaitable[T]]) -> T:
    async def run(settings: Settings) -> T:
        async with open_store(settings) as store:
            return await work(KeyDesk(store))

    return in_database(run)


def _tell_new(new: NewKey) -> None:
    out.print(f"key {new.key.key_id} ({new.key.role}); this is shown once:", markup=False)
    sys.stdout.write(f"{new.secret}\n")
    sys.stdout.flush()


def _row(key: ApiKey) -> tuple[str, ...]:
    shows = "all" if key.show_ids is None else ", ".join(map(str, key.show_ids))
    return key.key_id, key.name, key.role, shows, _day(key.created_at), _day(key.expires_at), _state(key)


def _day(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d}"


def _state(key: ApiKey) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= datetime.now(UTC) else "valid"
