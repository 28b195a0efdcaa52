"""The command ``boxoffice doctor``."""

import asyncio
from typing import Annotated, Final

import msgspec
import typer

from boxoffice.cli.output import AsJson, print_json, print_table, tell
from boxoffice.cli.shared import connected, dsn_of, read_settings
from boxoffice.doctor.configuration import judge_settings
from boxoffice.doctor.examine import examine, unreachable
from boxoffice.doctor.verdicts import Finding, Level, Situation, error
from boxoffice.postgres.embedded import EmbeddedError
from boxoffice.settings.texts import SettingsError

PROCESSES_MAX: Final = 10_000
"""Server processes at most: more than any PostgreSQL has connections for."""

app = typer.Typer(add_completion=False)


@app.command()
def doctor(
    processes: Annotated[
        int,
        typer.Option(min=1, max=PROCESSES_MAX, help="Server processes in all: instances times workers."),
    ] = 1,
    as_json: AsJson = False,
) -> None:
    """Look at the settings, the database server and the tables, and say what to do; status 1 on an error."""
    findings = _findings(processes)
    if as_json:
        print_json([{"check": one.check} | msgspec.structs.asdict(one.verdict) for one in findings])
    else:
        print_table(("check", "level", "what was seen", "what to do"), [_row(one) for one in findings])
    if any(finding.verdict.level is Level.ERROR for finding in findings):
        raise typer.Exit(1)


def _findings(processes: int) -> list[Finding]:
    try:
        settings = read_settings()
    except SettingsError as wrong:
        return [Finding("settings", error(str(wrong), "correct it in the environment or in .env"))]
    # The settings as they are set: the embedded database gets an address only while we look at it.
    situation = Situation(settings, processes)
    try:
        with connected(settings) as ready:
            if settings.database.is_embedded:
                tell(f"while `serve` runs, SQL that is advised below can be run by: psql '{dsn_of(ready)}'")
            return asyncio.run(examine(situation, dsn_of(ready)))
    except (EmbeddedError, SettingsError) as reason:
        judged = [Finding("settings", verdict) for verdict in judge_settings(situation)]
        return [*judged, Finding("database", unreachable(reason))]


def _row(finding: Finding) -> tuple[str, ...]:
    verdict = finding.verdict
    return finding.check, verdict.level, verdict.seen, verdict.advice or "-"
