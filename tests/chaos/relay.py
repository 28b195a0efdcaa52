"""Two relays share the way to a broker while they are killed, or sleep beyond their leases, and their broker,
the server and the database restart: the broker has every event, in order for each show.

NATS and Redis have fences, so they have each event once. RabbitMQ has none: there an event may come again,
under the same id and with the same body.
"""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest
from msgspec import Struct

from boxoffice.database.errors import FAILURES
from tests.chaos import told
from tests.chaos.campaign import Campaign, Findings, Stage
from tests.chaos.hurried import LEASE_S
from tests.chaos.kills import asleep, family
from tests.chaos.sale import HurriedProgram, Sale, level, open_sale, rounds, selling
from tests.support.brokers import servers, stages
from tests.support.engine.alongside import alongside
from tests.support.engine.databases import connected
from tests.support.engine.eventually import eventually
from tests.support.process.power import RECOVERY_MAX_S
from tests.support.process.program import Program

ROUND_S: Final = 20.0
"""Seconds of a round, which has one broker."""

TOLD_MAX_S: Final = 90.0
"""Longest wait, in seconds, until the broker has everything: a hint that was lost costs a minute."""

LOOK_EVERY_S: Final = 0.05
"""Seconds between two looks at the cursors: some batches lie between them."""

MOVE_REFUSED: Final = "cursors stand elsewhere"
"""What a relay says when it wakes and its shows are another's by now."""

OUTPUT_CHARS: Final = 2_000
"""Characters of the output of a relay that are told: enough for a traceback."""

HOLDERS: Final = "SELECT count(*) FROM feed_holders WHERE duty = $1 AND until > clock_timestamp()"
LEASED_BY: Final = "SELECT count(DISTINCT holder) FROM feed_leases WHERE duty = $1"
CURSORS: Final = "SELECT show_id, seq FROM feed_cursors WHERE consumer = $1"


class Kind(Struct, frozen=True):
    """A kind of broker. ``once``: it has each event once, whoever sends it."""

    name: str
    start: Callable[[], AbstractContextManager[servers.Broker]]
    stage: Callable[[str], stages.Stage]
    once: bool


FENCED: Final = (
    Kind("redis", lambda: servers.redis_server("--appendfsync", "always"), stages.RedisStage, once=True),
    Kind("nats", servers.nats_server, stages.NatsStage, once=True),
)
"""They start in a second, so a short run has one of them."""

OTHERS: Final = (Kind("rabbitmq", servers.rabbitmq_server, stages.RabbitStage, once=False),)


async def run(stage: Stage) -> Findings:
    """Rounds with one broker after another; one that is not installed is passed over."""
    missing: set[str] = set()
    kinds = (*random.Random(stage.seed).sample(FENCED, len(FENCED)), *OTHERS)
    async with open_sale(stage, lambda dsn: [Program(stage.folder, DATABASE_URL=dsn)]) as sale:

        async def one(until: float) -> None:
            kind = kinds[sale.counts["rounds"] % len(kinds)]
            try:
                with kind.start() as broker:
                    await _round(sale, kind, broker, stage.folder, until)
            except pytest.skip.Exception as reason:
                missing.add(str(reason))

        await rounds(sale, stage.seconds, ROUND_S, one)
        return sale.findings(**({"skipped": "; ".join(sorted(missing))} if missing else {}))


async def _round(sale: Sale, kind: Kind, broker: servers.Broker, folder: Path, until: float) -> None:
    queue = kind.stage(broker.url)
    await queue.clear()
    consumer = f"relay:{kind.name}"
    shows = await sale.open_shows()
    await _forget(sale, consumer)
    with _relays(sale, broker, folder) as relays:
        async with _watched(sale, consumer):
            async with selling(sale, shows):
                await _both_at_work(sale, consumer)
                await _suffer(sale, consumer, broker, relays, until)
            await level(sale, consumer, shows, TOLD_MAX_S)
        sale.violations += [
            f"a relay ended by itself: {relay.output()[-OUTPUT_CHARS:]}"
            for relay in relays
            if relay.process.poll() is not None
        ]
        sale.counts[f"rounds with {kind.name}"] += 1
    sale.counts["moves refused by a fence"] += sum(relay.output().count(MOVE_REFUSED) for relay in relays)
    await _judge(sale, kind, queue, shows)


async def _both_at_work(sale: Sale, consumer: str) -> None:
    """Waits until both relays have started and share the shows: before that a fault would hit nothing."""

    async def share() -> bool:
        async with connected(sale.cluster.dsn) as connection:
            return bool(await connection.fetchval(HOLDERS, consumer) == 2)

    await eventually(share, "two relays at work", wait_max_s=RECOVERY_MAX_S)
    await asyncio.sleep(LEASE_S)  # until the one has given the other its part


async def _taken_over(sale: Sale, consumer: str) -> None:
    """Waits until one relay has all leases."""

    async def has_all() -> bool:
        async with connected(sale.cluster.dsn) as connection:
            return bool(await connection.fetchval(LEASED_BY, consumer) == 1)

    await eventually(has_all, "the other relay takes over", wait_max_s=RECOVERY_MAX_S)


async def _suffer(
    sale: Sale, consumer: str, broker: servers.Broker, relays: Sequence[Program], until: float
) -> None:
    async def kill() -> None:
        relay = sale.chance.choice(relays)
        relay.end(signal.SIGKILL)
        relay.begin("run", command="relay")

    async def sleep() -> None:
        """The broker stops first, so that the relay falls asleep with a batch in its hands."""
        await _both_at_work(sale, consumer)
        with ExitStack() as until_awake:
            with asleep(*family(broker.process.pid)):
                await sale.load()
                until_awake.enter_context(asleep(sale.chance.choice(relays).process.pid))
            await _taken_over(sale, consumer)
            await sale.load()

    async def restart() -> None:
        await asyncio.to_thread(broker.stop)
        await asyncio.to_thread(broker.start, RECOVERY_MAX_S)

    faults = {
        "relays killed": kill,
        "relays asleep": sleep,
        "brokers restarted": restart,
        "servers killed": sale.kill_server,
        "databases killed": sale.kill_database,
        "both killed": sale.kill_both,
    }
    await sale.suffer(faults, sale.chance.sample(list(faults)[:3], 3), until)


async def _judge(sale: Sale, kind: Kind, queue: stages.Stage, shows: list[int]) -> None:
    messages = [told.Message(*got) for got in await queue.read()]
    got = told.by_show(messages, shows)
    histories = await sale.histories(shows)
    sale.violations += told.all_in_order(kind.name, got, histories, once=kind.once)
    sale.violations += told.same_again(kind.name, messages)
    sale.counts["messages"] += len(messages)
    sale.counts["messages that came twice"] += len(messages) - len({message.id for message in messages})


@asynccontextmanager
async def _watched(sale: Sale, consumer: str) -> AsyncIterator[None]:
    """Looks again and again whether a cursor has gone back."""
    seen: dict[int, int] = {}

    async def look() -> None:
        async with connected(sale.cluster.dsn) as connection:
            while True:
                for row in await connection.fetch(CURSORS, consumer):
                    show_id, seq = row["show_id"], row["seq"]
                    if seq < seen.get(show_id, 0):
                        sale.violations.append(
                            f"{consumer}: a cursor went back to event {seq} of show {show_id}"
                        )
                    seen[show_id] = seq
                await asyncio.sleep(LOOK_EVERY_S)

    async def look_again() -> None:
        while True:
            with suppress(*FAILURES):  # the database was killed
                await look()
            await asyncio.sleep(LOOK_EVERY_S)

    async with alongside(look_again()):
        yield


async def _forget(sale: Sale, consumer: str) -> None:
    """The broker is a new one, so nobody has been told anything; its cursors begin with these shows."""
    async with connected(sale.cluster.dsn) as connection:
        await connection.execute("SELECT drop_consumer($1)", consumer)


@contextmanager
def _relays(sale: Sale, broker: servers.Broker, folder: Path) -> Iterator[Sequence[Program]]:
    settings = {"DB_POOL_MAX": "4", "RELAY_URLS": broker.url, "RELAY_FROM": "start", "LOG_LEVEL": "info"}
    relays = [HurriedProgram(folder, DATABASE_URL=sale.cluster.dsn, **settings) for _ in range(2)]
    try:
        for relay in relays:
            relay.begin("run", command="relay")
        yield relays
    finally:
        for relay in relays:
            relay.close()


CAMPAIGN: Final = Campaign(
    name="relay",
    promise="a broker has every event, in order for each show, whichever relay is killed or sleeps",
    share=2,
    short_s=0,  # tests/relay/test_kills.py is a short one, with all brokers
    run=run,
)
