"""The command ``boxoffice verify``."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from boxoffice.cli.output import AsJson, print_json, print_table, say
from boxoffice.cli.shared import connected, dsn_of, read_settings
from boxoffice.database.anchors import Anchors, AnchorsUnusable, checking_key, signing_key
from boxoffice.database.verify import CheckResult, LookedAt, Report
from boxoffice.database.verify import verify as run_checks

app = typer.Typer(add_completion=False)


@app.command()
def verify(
    anchor: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="If all holds, add the last link of each show to this file, signed."
        ),
    ] = None,
    against: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Compare with the links in this file.")
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Ed25519 key (PEM) of these files: private to add, or public."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the database against every invariant, in one snapshot; status 1 on a violation.

    The right to read is enough. Tables, keys and functions must be this program's, too.
    """
    if (anchor or against) and key is None:
        raise typer.BadParameter("--anchor and --against need --key", param_hint="--key")
    if anchor and against:
        raise typer.BadParameter("--anchor compares with the file, too", param_hint="--against")
    signing = None if anchor is None or key is None else signing_key(key)
    file = anchor or against
    anchors = None if file is None or key is None else Anchors(file, checking_key(key))
    if against and anchors is not None and not anchors.before:
        raise AnchorsUnusable(f"{against} has no anchors, or is not there: there is nothing to compare with")
    with connected(read_settings()) as settings:
        report = asyncio.run(run_checks(dsn_of(settings), anchors))
    print_json(_as_json(report)) if as_json else _tell(report)
    if not report.holds:
        raise typer.Exit(1)
    if anchors is not None and signing is not None:
        added = anchors.append(report.ends, signing, datetime.now(UTC))
        if not as_json:
            say(f"anchored {added} shows in {file}")


def _tell(report: Report) -> None:
    print_table(("check", "violations", "seconds", "what must hold"), [_row(one) for one in report.results])
    for result in report.results:
        for violation in result.violations:
            where = "" if violation.show_id is None else f"show {violation.show_id}: "
            say(f"{result.name}: {where}{violation.text}")
    say(f"looked at {_scope(report.looked_at)}: {_verdict(report)}")


def _scope(looked_at: LookedAt) -> str:
    anchors = f", {looked_at.anchors:,} anchors" if looked_at.anchors else ""
    return (
        f"{looked_at.shows:,} shows, {looked_at.events:,} events, {looked_at.bookings:,} bookings, "
        f"{looked_at.functions} functions, {looked_at.constraints} constraints{anchors}"
    )


def _verdict(report: Report) -> str:
    if report.holds:
        return "all holds"
    return f"{sum(result.violation_count for result in report.results):,} violations"


def _as_json(report: Report) -> dict[str, object]:
    return {"holds": report.holds, "looked_at": report.looked_at, "checks": report.results}


def _row(result: CheckResult) -> tuple[str, ...]:
    return result.name, str(result.violation_count), f"{result.seconds:.3f}", result.meaning
