"""The settings of rates."""

from typing import Annotated

from msgspec import Meta, field

from boxoffice.settings.group import Group, prefixed
from boxoffice.settings.texts import RedisUrl


class RateSettings(Group, frozen=True, kw_only=True, rename=prefixed("RATE_")):
    """How many requests a person may send, and where requests are counted."""

    reads_per_minute: Annotated[
        int, Meta(ge=1, le=1_000_000), "Reads a minute of one person, or of one address without login."
    ] = 600
    writes_per_minute: Annotated[int, Meta(ge=1, le=1_000_000), "Changes a minute of one person."] = 120
    redis_url: Annotated[
        RedisUrl | None,
        "Redis in which all processes count together, `redis://host:6379/0`; without it each process counts "
        "alone, and N of them (`--workers N`) give N times the rate. Needs the extra `redis`.",
    ] = field(default=None, name="RATE_LIMIT_REDIS_URL")
