"""The command ``boxoffice migrate``."""

import asyncio

import typer

from boxoffice.cli.shared import connected, dsn_of, tell_migration
from boxoffice.database import migrate as schema
from boxoffice.serve.settings import ProgramSettings
from boxoffice.settings.settings import load_settings

app = typer.Typer(add_completion=False)


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date; safe while other instances do the same."""
    with connected(load_settings(ProgramSettings)) as settings:
        tell_migration(asyncio.run(schema.migrate(dsn_of(settings))))
