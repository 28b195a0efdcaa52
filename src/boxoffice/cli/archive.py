"""The command ``boxoffice archive``."""

from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import Annotated, Final

import typer

from boxoffice.cli.output import out
from boxoffice.cli.shared import ACTOR, DAYS_MAX, in_database
from boxoffice.engine.archive import ArchiveReport, open_archive
from boxoffice.settings.settings import Settings

OLDER_THAN_DAYS: Final = 365
"""After so many days no show changes any more: payment disputes and the year's books are over."""

TELL_EVERY_S: Final = 5.0
"""Seconds between two lines about how far it is."""

_LEFT: Final = {
    "changed_lately": "changed lately",
    "has_holds": "with holds",
    "not_over": "put off meanwhile",
    "locked": "locked by something else",
}


app = typer.Typer(add_completion=False)


@app.command()
def archive(
    older_than: Annotated[
        int,
        typer.Option(min=1, max=DAYS_MAX, metavar="DAYS", help="Days since it began and was changed last."),
    ] = OLDER_THAN_DAYS,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be moved.")] = False,
) -> None:
    """Move what belongs to shows that are long over out of the way of those on sale.

    All of it stays readable; nothing of it can be changed any more. Broken off, the next run goes on.
    """

    async def work(settings: Settings) -> ArchiveReport:
        async with open_archive(settings, timedelta(days=older_than), ACTOR) as opened:
            return await (opened.preview if dry_run else opened.run)(_teller())

    report = in_database(work)
    out.print(("would archive " if dry_run else "archived ") + _moved(report), markup=False)
    if report.left:
        reasons = (f"{number} {_LEFT[reason]}" for reason, number in sorted(report.left.items()))
        out.print(f"left to a later run: {', '.join(reasons)}", markup=False)
    if report.callers:
        out.print(f"forgot the locks of {report.callers:,} users without holds", markup=False)


def _teller() -> Callable[[ArchiveReport], None]:
    """Prints now and then how far it is."""
    last = monotonic()

    def tell(report: ArchiveReport) -> None:
        nonlocal last
        if monotonic() - last >= TELL_EVERY_S:
            last = monotonic()
            out.print(f"... {_moved(report)}", markup=False)

    return tell


def _moved(report: ArchiveReport) -> str:
    rows = f"{report.bookings:,} bookings, {report.seats:,} seats, {report.events:,} events"
    return f"{report.shows:,} shows: {rows}"
