"""The settings of the replica."""

from typing import Annotated

from msgspec import Meta

from boxoffice.settings.group import Group, prefixed
from boxoffice.settings.texts import PostgresUrl


class ReplicaSettings(Group, frozen=True, kw_only=True, rename=prefixed("REPLICA_")):
    """A standby that takes reads off the primary."""

    url: Annotated[
        PostgresUrl | None,
        "A hot standby that answers lists and availability (without `?consistent=true`), while it is not too "
        "far behind.",
    ] = None
    lag_seconds_max: Annotated[
        float,
        Meta(ge=1, le=3600),
        "Seconds that the replica may be behind the primary; beyond that, the primary answers itself.",
    ] = 2.0
