"""The command ``boxoffice demo``."""

import asyncio

import typer

from boxoffice.cli.demo_data import load_demo
from boxoffice.cli.output import out
from boxoffice.cli.shared import connected, dsn_of, read_settings, tell_migration
from boxoffice.database.migrate import migrate

app = typer.Typer(add_completion=False)


@app.command()
def demo() -> None:
    """Fill an empty database with ten shows, users, and bookings in every state."""
    with connected(read_settings()) as settings:
        tell_migration(asyncio.run(migrate(dsn_of(settings))))
        loaded = asyncio.run(load_demo(settings))
    out.print("loaded the demo data" if loaded else "the database has shows already: nothing was changed")
