"""Every table, told once: where its rows lie, where they go in the end, and what is about a person.

A new table has one row here. Tests compare the rows with the catalogue: a table that is missing, an archive
without its twin, or a column about a person that is not told of fails.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Table(NamedTuple):
    """``lies``: "show", on the node of its show; "everywhere", on each node; "one place", on one node.

    ``why`` is the reason if a table does not lie with its show. ``archive`` names the table that gets the
    rows of shows that are long over. ``person`` names the columns about a person; an erasure empties them,
    or keeps numbers that lead to no person. ``fixed``: migrations or operators fill it, commands never do.
    """

    lies: str
    why: str = ""
    archive: str = ""
    person: tuple[str, ...] = ()
    fixed: bool = False


TABLES: Final[Mapping[str, Table]] = {
    "users": Table("everywhere", "bookings of every show refer to it", person=("user_id", "name", "email")),
    "logins": Table(
        "everywhere", "refers to users, and is looked up by login", person=("user_id", "subject")
    ),
    "shows": Table("show"),
    "show_inventory": Table("show"),
    "map_chunks": Table("show"),
    "bookings": Table(
        "show", archive="archived_bookings", person=("user_id", "reason", "reference", "metadata")
    ),
    "booking_seats": Table("show", archive="archived_seats"),
    "show_events": Table("show", archive="archived_events", person=("user_id", "actor", "origin", "reason")),
    "show_batches": Table("show"),
    "idempotency_keys": Table("show", person=("actor", "about_user_id")),
    "booking_requests": Table("show", person=("user_id", "actor")),
    "archived_bookings": Table("show", person=("user_id", "reason", "reference", "metadata")),
    "archived_seats": Table("show"),
    "archived_events": Table("show", person=("user_id", "actor", "origin", "reason")),
    "feed_marks": Table("show"),
    "feed_horizon": Table("one place", "from where on the marks are complete", fixed=True),
    "feed_cursors": Table("show"),
    "feed_forks": Table("show"),
    "feed_consumers": Table("one place", "about consumers, not about shows", fixed=True),
    "feed_leases": Table("one place", "who sends to consumers, for a share of the shows", fixed=True),
    "feed_holders": Table("one place", "processes that send to consumers", fixed=True),
    "webhook_lanes": Table("show"),
    "webhook_letters": Table("show"),
    "webhook_endpoints": Table("one place", "about endpoints, not about shows", fixed=True),
    "webhook_attempts": Table("one place", "a log of endpoints, kept for 30 days", fixed=True),
    "caller_locks": Table("one place", "the lock of a user over all shows", person=("user_id",)),
    "api_keys": Table("one place", "looked up by the hash of a secret, about no show", fixed=True),
    "event_kinds": Table("one place", "read by checks alone, the same on every node", fixed=True),
    "schema_migrations": Table("one place", "about the schema, not about shows", fixed=True),
}

VIEWS: Final = ("all_bookings", "all_seats", "all_events")
"""Views of tables that lie with their show."""

ABOUT_A_PERSON: Final = frozenset(
    {"user_id", "about_user_id", "actor", "origin", "email", "subject", "reason"}
)
"""Names of columns that are about a person, in whatever table."""


def lying(place: str) -> list[str]:
    """The tables whose rows lie there."""
    return [name for name, table in TABLES.items() if table.lies == place]
