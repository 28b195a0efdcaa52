"""The settings of the cache that instances share."""

from typing import Annotated

from msgspec import field

from boxoffice.settings.group import Group
from boxoffice.settings.texts import RedisUrl


class CacheSettings(Group, frozen=True, kw_only=True):
    """Where instances share answers about shows."""

    redis_url: Annotated[
        RedisUrl | None,
        "Redis in which instances share answers about shows for 0.2 s, `redis://host:6379/1`; without it "
        "each process loads its own. Pays for many instances and many shows that are looked at. Needs the "
        "extra `redis`.",
    ] = field(default=None, name="CACHE_REDIS_URL")
