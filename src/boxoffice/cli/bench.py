"""The command ``boxoffice bench``."""

from pathlib import Path
from typing import Annotated

import typer

from boxoffice.bench import plan
from boxoffice.bench.command import run_bench
from boxoffice.cli.output import out, tell
from boxoffice.cli.shared import read_settings
from boxoffice.database.servers import address_of

app = typer.Typer(add_completion=False)


@app.command()
def bench(
    quick: Annotated[
        bool,
        typer.Option(
            "--quick/--full", help="The same in three minutes, tiny; in full it takes half an hour."
        ),
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="Only this scenario, or this family: 'feed' stands for all of 'feed-...'. May be given "
            "several times.  [default: all]"
        ),
    ] = None,
    folder: Annotated[Path, typer.Option("--out", help="Folder for the report.")] = Path("bench-report"),
    rounds: Annotated[int | None, typer.Option(min=1, max=20, help="Measurements of each kind.")] = None,
    seconds: Annotated[int | None, typer.Option(min=1, max=60, help="Seconds of each measurement.")] = None,
) -> None:
    """Measure throughput and latency beside what this machine could do at all; status 1 if data are wrong.

    Uses databases of its own, on the server of DATABASE_URL or DB_* or else an embedded one.
    """
    sizes = plan.chosen(quick=quick, rounds=rounds, seconds=seconds)
    settings = read_settings()
    if settings.database.dsn is not None:
        tell(f"making databases beside {address_of(settings.database.dsn)}")
    if not run_bench(settings, sizes, only or [], folder, out):
        raise typer.Exit(1)
