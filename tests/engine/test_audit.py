"""Events are linked in a chain: tampering is found, and a person's data are no part of the links."""

import json
from datetime import UTC
from hashlib import sha256
from typing import Any

import pytest

from boxoffice.database.verify import examine
from boxoffice.vocabulary.commands import BlockSeats, BookSeats, CancelBooking, CreateShow
from tests.support.engine.box import ACTOR, START, Box, done, in_one_batch
from tests.support.engine.databases import Connection
from tests.support.engine.limited import extend

CHAINED = "events are chained"

EVENTS = """
    SELECT show_id, seq, kind, booking_id, user_id, places, actor, details, link, at
    FROM show_events ORDER BY show_id, seq
"""

TAMPERINGS = {
    "changed": "UPDATE show_events SET {} WHERE show_id = 1 AND seq = 3",
    "removed, the rest renumbered": """
        DELETE FROM show_events WHERE show_id = 1 AND seq = 3;
        UPDATE show_events SET seq = seq - 1 WHERE show_id = 1 AND seq > 3;
        UPDATE show_inventory SET last_seq = last_seq - 1 WHERE show_id = 1
    """,
    "the first one removed, the rest renumbered": """
        DELETE FROM show_events WHERE show_id = 1 AND seq = 1;
        UPDATE show_events SET seq = seq - 1 WHERE show_id = 1;
        UPDATE show_inventory SET last_seq = last_seq - 1 WHERE show_id = 1
    """,
    "the tail cut off": """
        DELETE FROM show_events AS e USING show_inventory AS i
        WHERE i.show_id = 1 AND e.show_id = 1 AND e.seq = i.last_seq;
        UPDATE show_inventory SET last_seq = last_seq - 1 WHERE show_id = 1
    """,
    "all removed": """
        DELETE FROM show_events WHERE show_id = 1;
        UPDATE show_inventory SET last_seq = 0 WHERE show_id = 1
    """,
    "put in between": """
        UPDATE show_events SET seq = seq + 100 WHERE show_id = 1 AND seq > 2;
        UPDATE show_events SET seq = seq - 99 WHERE show_id = 1 AND seq > 100;
        INSERT INTO show_events
        SELECT show_id, 3, kind, booking_id, user_id, places, actor, at, command_no, details, origin,
               reason, link
        FROM show_events WHERE show_id = 1 AND seq = 2;
        UPDATE show_inventory SET last_seq = last_seq + 1 WHERE show_id = 1
    """,
    "put at the end": """
        INSERT INTO show_events
        SELECT e.show_id, i.last_seq + 1, kind, booking_id, user_id, places, actor, at, command_no, details,
               origin, reason, sha256(i.last_link || 'x')
        FROM show_events AS e JOIN show_inventory AS i USING (show_id) WHERE show_id = 1 AND seq = i.last_seq;
        UPDATE show_inventory SET last_seq = last_seq + 1 WHERE show_id = 1
    """,
    "reordered": """
        UPDATE show_events SET seq = seq + 100 WHERE show_id = 1 AND seq IN (3, 4);
        UPDATE show_events SET seq = 107 - seq WHERE show_id = 1 AND seq > 100
    """,
    "those of two shows swapped": """
        UPDATE show_events SET show_id = 3 - show_id, seq = seq + 100;
        UPDATE show_events SET seq = seq - 100;
        UPDATE show_inventory AS i SET last_seq = e.last_seq, last_link = e.last_link
        FROM show_inventory AS e WHERE e.show_id = 3 - i.show_id
    """,
}

CHANGES = [
    "kind = 'booked'",
    "booking_id = booking_id + 1",
    "user_id = 2",
    "places = '{9}'",
    "actor = 'somebody'",
    "at = at + interval '1 microsecond'",
    "details = NULL",
    "link = sha256('x')",
]


@pytest.fixture
async def scene(box: Box) -> None:
    """Shows 1 and 2 with events of every kind, some of them of one batch."""
    for _ in range(2):
        show = await box.show()
        held = await box.book(show, 2, hold=60)
        done(await extend(box, held.id, 90))
        outcomes = await in_one_batch(box.try_book(show, hold=60), box.try_book(show, hold=60))
        sold, failed = [done(outcome).booking for outcome in outcomes]
        done(await box.confirm(sold.id))
        done(await box.fail(failed.id, "no money"))
        done(await box.cancel(held.id, "Mrs. Smith is ill"))
        done(await box.give_back((await box.book(show, seats=[6, 7, 8])).id, 7))
        done(await box.block(show, 10))
        done(await box.unblock(show, 10))
        done(await box.resize(show, 12))
    await box.book(1)  # so that the two differ


def link_of(before: bytes, event: Any) -> bytes:
    """The link of an event, computed as the documents describe it, without PostgreSQL."""
    details = json.loads(event["details"] or "{}")
    in_order = dict(sorted(details.items(), key=lambda item: (len(item[0]), item[0])))
    at = event["at"].astimezone(UTC).replace(tzinfo=None).isoformat()
    fields = [
        *(event[name] for name in ("show_id", "seq", "kind", "booking_id", "user_id", "places", "actor")),
        at.rstrip("0") if "." in at else at,
        in_order,
    ]
    texts = [
        json.dumps(field, ensure_ascii=False, separators=(",", ":") if field is event["places"] else None)
        for field in fields
    ]
    return sha256(before + f"[{', '.join(texts)}]".encode()).digest()


async def assert_links(connection: Connection) -> int:
    """Compute every link again and compare it with the stored one; returns how many links there are."""
    links: dict[int, bytes] = {}
    events = await connection.fetch(EVENTS)
    for event in events:
        links[event["show_id"]] = link_of(links.get(event["show_id"], b""), event)
        assert event["link"] == links[event["show_id"]], dict(event)
    last = await connection.fetch("SELECT show_id, last_link FROM show_inventory")
    assert {row["show_id"]: row["last_link"] for row in last} == links
    return len(events)


@pytest.mark.usefixtures("scene")
async def test_the_links_can_be_made_anew_by_anybody(box: Box, connection: Connection) -> None:
    await box.show(name="Über „alles“ \\ \t €")
    assert await assert_links(connection) > 20
    assert await box.violations() == {}


@pytest.mark.usefixtures("scene")
@pytest.mark.parametrize("name", TAMPERINGS)
async def test_who_tampers_with_the_events_is_found_out(box: Box, connection: Connection, name: str) -> None:
    for change in CHANGES if name == "changed" else [""]:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(TAMPERINGS[name].format(change))
        broken = {result.name for result in (await examine(connection)).results if result.violation_count}
        assert CHAINED in broken, change
        await transaction.rollback()
    assert await box.violations() == {}


@pytest.mark.usefixtures("scene")
async def test_origins_and_reasons_are_no_part_of_a_link(box: Box, connection: Connection) -> None:
    await connection.execute("UPDATE show_events SET origin = NULL, reason = NULL")
    assert await box.violations() == {}


async def test_an_event_says_where_the_request_came_from(box: Box, connection: Connection) -> None:
    where: dict[str, Any] = {"actor": ACTOR, "origin": "192.0.2.7"}
    show = done(await box.do(CreateShow(**where, name="Show", start_time=START, total_seats=5))).show.id
    held = done(
        await box.do(BookSeats(**where, show_id=show, user_id=1, seat_count=1, hold_seconds=60))
    ).booking
    done(await box.do(CancelBooking(**where, show_id=show, booking_id=held.id)))
    done(await box.do(BlockSeats(**where, show_id=show, seat_numbers=(3,), reason="house")))
    rows = await connection.fetch("SELECT DISTINCT origin FROM show_events")
    assert [row["origin"] for row in rows] == ["192.0.2.7"]
    await box.book(show)
    assert await connection.fetchval("SELECT count(*) FROM show_events WHERE origin IS NULL") == 1
