"""The settings of rates."""

from typing import Annotated

from msgspec import Meta, field

from boxoffice.settings.group import Group, prefixed
from boxoffice.settings.texts import RedisUrl


class RateSettings(Group, frozen=True, kw_only=True, rename=prefixed("RATE_")):
    """How many requests a person may send, and where requests are counted."""

    reads_per_minute: Annotated[
        int,
        Meta(ge=1, le=1_000_000),
        "Units of reading a minute for one person, or for one address without login. A plain read costs 1, "
        "a page one more for each 100 items asked for, a part of a large hall's free seats up to 11, the "
        "export of a person 50. The default is 2 to 3 % of a process, enough for an office that shares an "
        "address.",
    ] = 3_000
    writes_per_minute: Annotated[int, Meta(ge=1, le=1_000_000), "Changes a minute of one person."] = 120
    pages_per_minute: Annotated[
        int,
        Meta(ge=1, le=1_000_000),
        "Requests a minute of one address for what is no operation: the API page and its files, unknown "
        "paths, preflights, the metrics. Each process counts alone, with `AUTH=off` too. Only `/healthz` and "
        "`/readyz` are never refused.",
    ] = 3_000
    redis_url: Annotated[
        RedisUrl | None,
        "Redis in which all processes count together, `redis://host:6379/0`; without it each process counts "
        "alone, and N of them (`--workers N`) give N times the rate. Needs the extra `redis`.",
    ] = field(default=None, name="RATE_LIMIT_REDIS_URL")
