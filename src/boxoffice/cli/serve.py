"""The command ``boxoffice serve``."""

import asyncio
import os
from typing import Annotated, Literal

import typer

from boxoffice import __version__
from boxoffice.access.startup import check_access
from boxoffice.cli.demo_data import load_demo
from boxoffice.cli.output import out
from boxoffice.cli.shared import connected, dsn_of, tell_migration
from boxoffice.database.migrate import migrate
from boxoffice.serve.process import listening_socket, serve_until_told
from boxoffice.serve.settings import ProgramSettings
from boxoffice.settings.settings import load_settings
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
) -> None:
    """Serve the API; SIGTERM or Ctrl-C answers what is under way, then ends."""
    if log_level is not None:
        os.environ["LOG_LEVEL"] = log_level  # for the processes that serve, too
    settings = load_settings(ProgramSettings)
    access = check_access(settings)
    with listening_socket(settings.server) as socket, connected(settings, own=True) as ready:
        if settings.server.migrate_on_start if migrate_first is None else migrate_first:
            tell_migration(asyncio.run(migrate(dsn_of(ready))))
        if demo and asyncio.run(load_demo(ready)):
            out.print("loaded the demo data")
        address = f"http://{settings.server.host}:{settings.server.port}"
        out.print(f"Boxoffice {__version__} on {address} (API: /api-docs)")
        out.print(access, markup=False)
        serve_until_told(ready, socket, workers=workers, reload=reload)
