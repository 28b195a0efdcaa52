"""Moments that a request names, in UTC."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from boxoffice.vocabulary import limits
from boxoffice.web.http.invalid import Place, invalid_field

WITHIN_YEARS: Final = f"a moment within the years {limits.YEAR_MIN} to {limits.YEAR_MAX} of UTC"


def in_utc(moment: datetime, path: str, place: Place = "body") -> datetime:
    """The same moment in UTC. Raises ``InvalidInput`` if its year in UTC is not one that is taken."""
    with suppress(OverflowError):  # the moment is in no year of UTC
        in_utc = moment.astimezone(UTC)
        if limits.YEAR_MIN <= in_utc.year <= limits.YEAR_MAX:
            return in_utc
    raise invalid_field(path, WITHIN_YEARS, "Out of range", place)


def instant(text: str | None, parameter: str) -> datetime | None:
    """A moment from a query parameter, in UTC. Raises ``InvalidInput``.

    The framework must not read the parameter, because it would take a bare number for a Unix time.
    """
    if text is None:
        return None
    try:
        moment = msgspec.convert(text, Annotated[datetime, Meta(tz=True)])
    except msgspec.ValidationError as error:
        expected = "a date and time with an offset (RFC 3339), such as 2030-01-01T00:00:00Z; + is written %2B"
        raise invalid_field(parameter, expected, str(error), "query") from None
    return in_utc(moment, parameter, "query")
