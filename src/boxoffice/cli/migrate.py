"""The command ``boxoffice migrate``."""

import asyncio

import typer

from boxoffice.cli.output import out
from boxoffice.cli.shared import connected, dsn_of, read_settings, tell_migration
from boxoffice.database import migrate as schema

app = typer.Typer(add_completion=False)


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date; safe while other instances do the same."""
    with connected(read_settings()) as settings:
        report = asyncio.run(schema.migrate(dsn_of(settings)))
        tell_migration(report)
        if not report.applied and not report.functions_applied:
            out.print("the schema is up to date")
