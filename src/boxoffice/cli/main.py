"""The command line: ``boxoffice serve | migrate | demo | verify | doctor | archive | keys | users | ...``."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated, Final, Literal, NoReturn

import asyncpg
import typer
from rich.table import Table

from boxoffice import __version__
from boxoffice.access.startup import check_access
from boxoffice.cli.access import keys, users
from boxoffice.cli.archive import archive
from boxoffice.cli.demo import load_demo
from boxoffice.cli.doctor import doctor
from boxoffice.cli.shared import connected, dsn_of, out, tell_migration
from boxoffice.database.migrate import migrate
from boxoffice.database.verify import CheckResult, verify
from boxoffice.postgres.embedded import EmbeddedError
from boxoffice.serve.process import listening_socket, serve_until_told
from boxoffice.serve.settings import ProgramSettings
from boxoffice.settings.settings import load_settings
from boxoffice.settings.texts import SettingsError
from boxoffice.vocabulary.faults import Fault
from boxoffice.vocabulary.limits import WORKER_PROCESSES_MAX

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="A concurrency-safe booking engine for anything sold by the seat. Settings come from the "
    "environment and from .env; without DATABASE_URL or DB_* an embedded PostgreSQL is used.",
)
app.add_typer(keys, name="keys")
app.add_typer(users, name="users")

OPENAPI_FILE: Final = Path("openapi.json")

LogLevel = Literal["debug", "info", "warning", "error", "critical"]


def main() -> None:
    """The program; ends with status 1 and one line on a fault, with 130 on Ctrl-C."""
    signal.signal(signal.SIGTERM, _leave)
    try:
        app(standalone_mode=True)
    except (SettingsError, EmbeddedError, Fault) as error:
        _fail(str(error))
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        _fail(f"the database refused: {error}")
    except TimeoutError:
        _fail("the database cannot be reached: it does not answer; check DATABASE_URL or DB_*")
    except OSError as error:
        _fail(f"the database cannot be reached: {error}; check DATABASE_URL or DB_*")


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
        int, typer.Option(min=1, max=WORKER_PROCESSES_MAX, help="Processes that serve; one for each core.")
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


@app.command("migrate")
def migrate_command() -> None:
    """Bring the database's schema up to date; safe while other instances do the same."""
    with connected(load_settings(ProgramSettings)) as settings:
        tell_migration(asyncio.run(migrate(dsn_of(settings))))


@app.command()
def demo() -> None:
    """Fill an empty database with ten shows, users, and bookings in every state."""
    with connected(load_settings(ProgramSettings)) as settings:
        tell_migration(asyncio.run(migrate(dsn_of(settings))))
        loaded = asyncio.run(load_demo(settings))
    out.print("loaded the demo data" if loaded else "the database has shows already: nothing was changed")


@app.command("verify")
def verify_command() -> None:
    """Check the database against every invariant, in one snapshot; status 1 on a violation."""
    with connected(load_settings(ProgramSettings)) as settings:
        results = asyncio.run(verify(dsn_of(settings)))
    out.print(_verify_table(results))
    for result in results:
        for violation in result.violations:
            out.print(
                f"{result.name}: show {violation.show_id}: {violation.text}", markup=False, soft_wrap=True
            )
    if any(result.violation_count for result in results):
        raise typer.Exit(1)


app.command()(doctor)
app.command()(archive)


@app.command()
def openapi(
    check: Annotated[
        bool, typer.Option("--check", help="Compare with ./openapi.json instead; status 1 if it differs.")
    ] = False,
) -> None:
    """Print the OpenAPI document."""
    from boxoffice.serve.operations import render  # noqa: PLC0415 - the other commands need no web

    text = render()
    if not check:
        sys.stdout.write(text)
    elif not OPENAPI_FILE.exists() or OPENAPI_FILE.read_text() != text:
        _fail(f"{OPENAPI_FILE} is not up to date; run: boxoffice openapi > {OPENAPI_FILE}")


@app.command()
def bench(
    quick: Annotated[
        bool,
        typer.Option(
            "--quick/--full", help="The same in a minute, tiny; in full it takes a quarter of an hour."
        ),
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option(help="Only this scenario; may be given several times.  [default: all]")
    ] = None,
    folder: Annotated[Path, typer.Option("--out", help="Folder for the report.")] = Path("bench-report"),
    rounds: Annotated[int | None, typer.Option(min=1, max=20, help="Measurements of each kind.")] = None,
    seconds: Annotated[int | None, typer.Option(min=1, max=60, help="Seconds of each measurement.")] = None,
) -> None:
    """Measure throughput and latency beside what this machine could do at all; status 1 if data are wrong.

    Uses databases of its own, on the server of DATABASE_URL or DB_* or else an embedded one.
    """
    from boxoffice.bench import command, plan  # noqa: PLC0415 - the other commands need none of it

    sizes = plan.chosen(quick=quick, rounds=rounds, seconds=seconds)
    if not command.run_bench(load_settings(ProgramSettings), sizes, only or [], folder, out):
        raise typer.Exit(1)


def _verify_table(results: list[CheckResult]) -> Table:
    table = Table("check", "what must hold", "violations", "seconds")
    for result in results:
        style = "bold red" if result.violation_count else "green"
        table.add_row(
            result.name, result.meaning, f"[{style}]{result.violation_count}[/]", f"{result.seconds:.3f}"
        )
    return table


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    """SIGTERM outside the server: end as on a normal exit, so that the embedded PostgreSQL is stopped."""
    raise SystemExit(0)


def _fail(message: str) -> NoReturn:
    sys.stderr.write(f"boxoffice: {message}\n")
    raise SystemExit(1)
