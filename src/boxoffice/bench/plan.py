"""How much a run does: the sizes of all scenarios, for a full run and for a quick one."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

USERS: Final = 1_000
"""Users who book: so many that bookings do not wait for one user's row, as in real life."""

SEATS_PER_S: Final = 25_000
"""Seats of a show for each second of load: more than can be sold, so that no show sells out."""

CROWD: Final = 512
"""Connections of every scenario that is not about their number."""

CLIENTS: Final = 32
"""Clients of pgbench in every comparison that is not about their number."""

MANY: Final = 10_000
"""Connections of a flash sale. The server's memory is judged with so many."""


class Plan(Struct, frozen=True, kw_only=True):
    """Sizes of a run. Each measurement lasts ``seconds`` and is repeated in ``rounds``.

    The first ``warm_up_s`` seconds of load on a new server are not counted:
    the server opens connections and plans statements.
    """

    name: str
    seconds: float
    rounds: int
    warm_up_s: float
    connections: tuple[int, ...]
    clients: tuple[int, ...]
    spread_shows: int
    past_shows: int
    past_bookings_each: int
    many_shows: int
    small_hall: int
    large_hall: int
    watchers: tuple[int, ...]

    @property
    def past_bookings(self) -> int:
        """Bookings of the grown database."""
        return self.past_shows * self.past_bookings_each


FULL: Final = Plan(
    name="full",
    seconds=4,
    rounds=3,
    warm_up_s=1,
    connections=(1, 16, 128, CROWD, 2_000, MANY),
    clients=(1, 8, CLIENTS),
    spread_shows=1_000,
    past_shows=1_000,
    past_bookings_each=1_000,
    many_shows=10_000,
    small_hall=1_000,
    large_hall=200_000,
    watchers=(5_000, 20_000),
)

QUICK: Final = Plan(
    name="quick",
    seconds=1,
    rounds=1,
    warm_up_s=0,
    connections=(1, 16, 128, CROWD),
    clients=(1, CLIENTS),
    spread_shows=100,
    past_shows=20,
    past_bookings_each=1_000,
    many_shows=500,
    small_hall=1_000,
    large_hall=20_000,
    watchers=(1_000,),
)


def chosen(*, quick: bool, rounds: int | None, seconds: int | None) -> Plan:
    """The full or the quick plan, with other rounds and seconds where they are given."""
    plan = QUICK if quick else FULL
    return replace(plan, rounds=rounds or plan.rounds, seconds=seconds or plan.seconds)
