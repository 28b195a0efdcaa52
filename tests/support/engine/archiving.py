"""The archive on a test's database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from boxoffice.engine.archive import Archive, ArchiveReport, open_archive
from tests.support.settings import settings_for

AGE: Final = timedelta(days=365)
"""The age from which on tests archive a show."""

ARCHIVIST: Final = "archivist"


@asynccontextmanager
async def archive_of(dsn: str, age: timedelta = AGE) -> AsyncIterator[Archive]:
    """An archive on this database."""
    async with open_archive(settings_for(dsn), age, ARCHIVIST) as archive:
        yield archive


async def archived(dsn: str, age: timedelta = AGE) -> ArchiveReport:
    """Run the archive once; returns its report."""
    async with archive_of(dsn, age) as archive:
        return await archive.run(_nobody)


async def previewed(dsn: str, age: timedelta = AGE) -> ArchiveReport:
    """The report of what one run would archive."""
    async with archive_of(dsn, age) as archive:
        return await archive.preview(_nobody)


def _nobody(_report: ArchiveReport) -> None:
    """Ignore the progress of the archive."""
