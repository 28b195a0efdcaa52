"""Moments that a request names, in UTC."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from boxoffice.web.http.invalid import Place, invalid_field


def in_utc(moment: datetime, path: str, place: Place = "body") -> datetime:
    """The same moment in UTC. Raises ``InvalidInput`` if its year in UTC is not one of 1 to 9999."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise invalid_field(
            path, "a moment within the years 1 to 9999 of UTC", "Out of range", place
        ) from None


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
