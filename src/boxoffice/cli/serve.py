"""The command ``boxoffice serve``."""

import asyncio
import os
from typing import Annotated, Literal

import typer

from boxoffice import __version__
from boxoffice.access.startup import check_access
from boxoffice.cli.demo_data import load_demo
from boxoffice.cli.output import out, tell
from boxoffice.cli.shared import connected, dsn_of, read_settings, tell_migration, with_embedded
from boxoffice.database.migrate import check_database, migrate
from boxoffice.database.waiting import wait_for_database
from boxoffice.relay.relay import brokers_of
from boxoffice.serve.process import listening_socket, serve_until_told
from boxoffice.settings.server import ServerSettings
from boxoffice.settings.settings import Settings
from boxoffice.vocabulary import limits

LogLevel = Literal["debug", "info", "warning", "error", "critical"]

app = typer.Typer(add_completion=False)


@app.command()
def serve(
    migrate_first: Annotated[
        bool | None,
        typer.Option(
            "--migrate/--no-migrate", help="Bring the schema up to date first.  [default: MIGRATE_ON_START]"
        ),
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Fill an empty database with demo data.")] = False,
    reload: Annotated[bool, typer.Option("--reload", help="Start anew when a source file changes.")] = False,
    workers: Annotated[
        int,
        typer.Option(min=1, max=limits.WORKER_PROCESSES_MAX, help="Processes that serve; one for each core."),
    ] = 1,
    log_level: Annotated[
        LogLevel | None, typer.Option(help="Least level that is logged.  [default: LOG_LEVEL]")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.  [default: HOST]")] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="Port to listen on.  [default: PORT]")
    ] = None,
    root_path: Annotated[
        str | None,
        typer.Option(help="Path under which a proxy offers the server.  [default: ROOT_PATH]"),
    ] = None,
) -> None:
    """Serve the API; SIGTERM or Ctrl-C answers what is under way, then ends."""
    _set(LOG_LEVEL=log_level, HOST=host, PORT=port, ROOT_PATH=root_path)
    settings = read_settings()
    if demo:
        settings = with_embedded(settings)
    access = check_access(settings)
    brokers_of(settings.relay)  # raises if a client is missing, before anything is started
    with listening_socket(settings.server) as socket, connected(settings, own=True) as ready:
        migrates = settings.server.migrate_on_start if migrate_first is None else migrate_first
        asyncio.run(_prepare(ready, migrates=migrates))
        if demo and asyncio.run(load_demo(ready)):
            out.print("loaded the demo data")
        out.print(f"Boxoffice {__version__} on {_address(settings.server)} (API: /api-docs)", markup=False)
        out.print(access, markup=False)
        serve_until_told(ready, socket, workers=workers, reload=reload)


def _set(**options: object) -> None:
    """Puts the options that were given in the place of the settings, for the processes that serve, too."""
    os.environ.update({name: str(value) for name, value in options.items() if value is not None})


async def _prepare(settings: Settings, *, migrates: bool) -> None:
    """Waits for the database, then migrates it, or refuses one whose schema does not fit."""
    dsn = dsn_of(settings)
    await wait_for_database(dsn, settings.database.wait_seconds, tell)
    if migrates:
        tell_migration(await migrate(dsn))
    else:
        await check_database(dsn)


def _address(server: ServerSettings) -> str:
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"http://{host}:{server.port}{server.root_path}"
