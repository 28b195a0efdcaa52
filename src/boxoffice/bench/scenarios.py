"""All scenarios, in the order in which they run."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from boxoffice.bench.access import access
from boxoffice.bench.company import QUIET_CONNECTIONS, QUIET_SHOWS, instances, quiet
from boxoffice.bench.faults import BenchError
from boxoffice.bench.feed import marks
from boxoffice.bench.feed_live import watched
from boxoffice.bench.feed_relay import relay
from boxoffice.bench.feed_tickets import ticketed
from boxoffice.bench.growth import growth
from boxoffice.bench.hot import hot
from boxoffice.bench.mixed import (
    CANCELS,
    EXPLICIT,
    HOLDS,
    READS,
    TOWN_SHOWS,
    real_life,
    sold_out,
    spread,
)
from boxoffice.bench.overload import overload
from boxoffice.bench.pacing import PER_S
from boxoffice.bench.plan import CROWD
from boxoffice.bench.stage import Item, Stage


@dataclass(frozen=True)
class Scenario:
    """A question and how to answer it: ``prepare`` opens the sites and returns the items to measure.

    All items are measured once a round, one after another, so that a machine whose speed drifts treats
    them alike; a baseline stands beside what is compared with it.
    """

    name: str
    title: str
    about: str
    prepare: Callable[[Stage], Awaitable[list[Item]]]


SCENARIOS: Final = (
    Scenario(
        "hot",
        "Hot show",
        "Everybody books one seat of the same show. Beside it the baselines: one booking a transaction with "
        "pgbench through the same SQL function, a bare ASGI application, the engine without HTTP, and full "
        "batches without the engine.",
        hot,
    ),
    Scenario(
        "spread",
        "Spread",
        f"{CROWD} connections book one seat of many shows, each show as likely as the other, or by Zipf's "
        "law. pgbench does the same, one booking a transaction.",
        spread,
    ),
    Scenario(
        "real-life",
        "Real life",
        f"{TOWN_SHOWS} shows by Zipf's law; of a hundred requests {READS} read a show or its free seats, "
        f"{HOLDS} hold a seat, which the next request confirms, {EXPLICIT} want two certain seats that are "
        f"often taken (409), and {CANCELS} cancel a booking.",
        real_life,
    ),
    Scenario(
        "sold-out",
        "Sold out",
        "A storm on a show with nothing left: every answer is a 409, and every one of them is decided in the "
        "database.",
        sold_out,
    ),
    Scenario(
        "overload",
        "Overload and recovery",
        "More than the queue takes: what is refused with 503, and how long after the storm a lone booking is "
        "as fast again as before. One connection looks on all the time.",
        overload,
    ),
    Scenario(
        "growth",
        "Growth",
        f"{CROWD} connections on one show: in an empty database and in one with a past; among a few shows "
        "and among many; in small halls, in a large one, and in a large one that is half taken at random.",
        growth,
    ),
    Scenario(
        "instances",
        "Instances",
        f"{CROWD} connections on one hot show, in equal parts to several server processes on one database.",
        instances,
    ),
    Scenario(
        "quiet",
        "Quiet shows beside a stormed one",
        f"{QUIET_CONNECTIONS} people book now and then on {QUIET_SHOWS} quiet shows, alone, and while "
        f"{CROWD} connections storm another show of the same server.",
        quiet,
    ),
    Scenario(
        "access",
        "Who calls",
        f"{CROWD} connections on one hot show: on an open server, and with AUTH=on by API keys, whose users' "
        "bookings are counted against caps or are not.",
        access,
    ),
    Scenario(
        "feed-marks",
        "Telling others",
        f"{CROWD} connections on one hot show: without the marks that tell readers where to look, with them, "
        "and while a consumer in its own process is told every event. The delay of an event is the time from "
        "its show's lock to the consumer.",
        marks,
    ),
    Scenario(
        "feed-live",
        "Watching a show",
        "Thousands watch one show whose events come from memory: bytes a watcher, and processor time a frame "
        "and watcher, beside a bare protocol that writes as many bytes. *A second* is a second of the "
        "server's processor; the times are from the event to the watcher, who reads on the same cores.",
        watched,
    ),
    Scenario(
        "feed-relay",
        "Relay to brokers",
        "The events of a hot show, told to the feed's own consumer and to each broker that is installed: out "
        f"of a backlog, and while {PER_S:,} bookings a second are made in the same process. The times are "
        "those from the show's lock to the acknowledgement. Each broker must have every event once.",
        relay,
    ),
    Scenario(
        "feed-tickets",
        "Bookings by ticket",
        "Bookings of one hot show that are asked for by ticket, without HTTP: taken from a crowd, then "
        f"decided, and both while {PER_S:,} a second come. Through PostgreSQL alone, through RabbitMQ, and "
        "through RabbitMQ while PostgreSQL is away. Every ticket must be a booking in the end.",
        ticketed,
    ),
)


def chosen(only: Sequence[str]) -> list[Scenario]:
    """The scenarios of these names and families, or all if none is given. The first word of a name is its
    family: ``feed`` stands for all of ``feed-...``. Raises ``BenchError`` for a name that is none.
    """
    names = [scenario.name for scenario in SCENARIOS]
    families = {name.partition("-")[0] for name in names}
    if unknown := sorted(set(only) - {*names} - families):
        raise BenchError(f"there is no scenario {', '.join(unknown)}; there are {', '.join(names)}")
    wanted = {*only}
    return [one for one in SCENARIOS if not only or wanted & {one.name, one.name.partition("-")[0]}]
