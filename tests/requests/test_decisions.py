"""A request is decided once, in time, and told once, whoever works on it and whoever dies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any, Final, Literal

import msgspec
import pytest

from boxoffice.database.store import Store
from boxoffice.engine.encoding import kept_key, key_hash
from boxoffice.engine.runtime import open_store
from boxoffice.requests import bounds
from boxoffice.requests.asked import asked, encoded_answers
from boxoffice.requests.intake import Intake, Taken
from boxoffice.requests.notices import Notice, Notices
from boxoffice.requests.tickets import Signer, new_id
from boxoffice.requests.told import Told
from boxoffice.requests.waiting import Waiting
from boxoffice.requests.worker import Worker, command_in
from boxoffice.serve.operations import DOMAINS, kinds_of
from boxoffice.vocabulary.commands import BookSeats, EraseUser
from boxoffice.vocabulary.faults import Overloaded
from boxoffice.vocabulary.outcomes import BookingDone, Refused
from boxoffice.web.http.problems import Problems
from tests.support.engine.alongside import alongside
from tests.support.engine.box import ACTOR, Box, done, refused
from tests.support.engine.clock import Clock
from tests.support.engine.databases import Connection
from tests.support.engine.eventually import eventually
from tests.support.settings import settings_for

SECONDS: Final = 30.0
STATES: Final[tuple[Literal["expired", "withdrawn"], ...]] = ("expired", "withdrawn", "expired")


class Office:
    """The parts of asynchronous booking on the database of a test; the worker runs when it is told to."""

    def __init__(self, box: Box, store: Store) -> None:
        self.box = box
        self.store = store
        self.waiting = Waiting(store, lambda: False)
        self.intake = Intake(store, lambda: None)

    def worker(self, notices: Notices | None = None) -> Worker:
        """One more worker, as of another process."""
        problems = Problems(kinds_of(DOMAINS))
        return Worker(self.store, self.box.engine, problems, self.waiting, lambda: range(16), notices)

    async def ask(self, show: int, *, key: str | None = None, **fields: Any) -> Taken:
        """Asks for a seat, by ticket."""
        fields = {"user_id": 1, "seat_count": 1} | fields
        command = BookSeats(actor=ACTOR, show_id=show, idempotency_key=key, **fields)
        return await self.intake.take(asked(command, new_id(), "the-request", SECONDS))

    async def row(self, taken: Taken) -> Any:
        """The row of a ticket."""
        [row] = await self.store.read("requests", [taken.ticket.show_id], [taken.ticket.id])
        return row

    async def state(self, taken: Taken) -> str:
        """The state of a ticket."""
        return str((await self.row(taken))["state"])

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """A worker for the length of the block."""
        async with alongside(self.worker().run()):
            yield

    async def work(self, *tickets: Taken) -> None:
        """A worker works until these are answered."""
        async with self.at_work():
            for taken in tickets:
                await eventually(partial(self._answered, taken), "the answer")

    async def _answered(self, taken: Taken) -> bool:
        return await self.state(taken) != "queued"


@pytest.fixture
async def office(box: Box, database: str) -> AsyncIterator[Office]:
    async with open_store(settings_for(database, DB_ISOLATION="read_committed")) as store:
        yield Office(box, store)


async def test_requests_of_a_show_are_decided_in_the_order_of_arrival(office: Office) -> None:
    show = await office.box.show(300)
    tickets = [await office.ask(show) for _ in range(5)]
    tickets += await asyncio.gather(*(office.ask(show) for _ in range(295)))
    assert [taken.ahead for taken in tickets] == list(range(300))
    await office.work(*tickets)
    rows = [await office.row(taken) for taken in tickets]
    assert [msgspec.json.decode(row["answer"])["data"]["seats"] for row in rows] == [
        [n] for n in range(1, 301)
    ]
    assert await office.box.violations() == {}


async def test_nothing_is_decided_from_the_end_on(office: Office, clock: Clock) -> None:
    show = await office.box.show()
    late, other = await office.ask(show), await office.ask(show)
    assert late.answer_by is not None
    await clock.set(late.answer_by)
    await office.work(late, other)
    assert (await office.state(late), await office.state(other)) == ("expired", "expired")
    assert (await office.box.view(show)).available_seats == 10
    in_time = await office.ask(show)
    assert in_time.answer_by is not None
    await clock.set(in_time.answer_by - timedelta(microseconds=1))
    await office.work(in_time)
    assert await office.state(in_time) == "done"
    assert await office.box.violations() == {}


async def test_a_command_without_a_key_has_an_end_too(box: Box, clock: Clock) -> None:
    show = await box.show()
    command = BookSeats(actor=ACTOR, show_id=show, user_id=1, seat_count=1, not_after=clock.now)
    outcome = await box.do(command)
    assert isinstance(outcome, Refused)
    assert outcome.code == "too_late"
    assert (await box.view(show)).available_seats == 10


async def test_a_worker_that_died_before_it_wrote_the_answer_changes_nothing(
    office: Office, clock: Clock
) -> None:
    show = await office.box.show(1)
    first, second = await office.ask(show), await office.ask(show)
    outcomes = [await office.box.do(command_in(await office.row(taken))) for taken in (first, second)]
    booking = done(outcomes[0]).booking
    assert outcomes[1] == refused("insufficient_seats", requested=1, available=0)
    await office.box.cancel(booking.id)  # now the second could have the seat
    await clock.advance(SECONDS)  # and both are late
    await office.work(first, second)
    rows = [await office.row(taken) for taken in (first, second)]
    assert [(row["state"], row["status"], row["booking_id"]) for row in rows] == [
        ("done", 201, booking.id),
        ("done", 409, None),
    ]
    assert (await office.box.view(show)).available_seats == 1
    assert await office.box.violations() == {}


@pytest.mark.both_isolations
async def test_several_workers_decide_each_request_once(office: Office) -> None:
    shows = [await office.box.show(20) for _ in range(3)]
    tickets = await asyncio.gather(*(office.ask(show) for show in shows for _ in range(40)))
    async with office.at_work(), office.at_work():
        await office.work(*tickets)
    rows = [await office.row(taken) for taken in tickets]
    assert sum(row["status"] == 201 for row in rows) == 60
    assert [(await office.box.view(show)).available_seats for show in shows] == [0, 0, 0]
    assert await office.box.violations() == {}


async def test_an_answer_never_changes(office: Office) -> None:
    show = await office.box.show()
    taken = await office.ask(show)
    await office.work(taken)
    before = await office.row(taken)
    other = Told(show, taken.ticket.id, ACTOR, "withdrawn")
    assert await office.store.write("answer_requests", encoded_answers([other])) == []
    assert dict(await office.row(taken)) == dict(before)


async def test_an_answer_is_told_by_the_process_that_has_written_it(office: Office) -> None:
    sent: list[Notice] = []
    notices = Notices("urn:test", Signer("secret"))

    async def send(notice: Notice) -> None:
        sent.append(notice)

    taken = await office.ask(await office.box.show())
    sending = asyncio.create_task(notices.send_all(send))
    for state in STATES:
        told = Told(taken.ticket.show_id, taken.ticket.id, ACTOR, state)
        await office.worker(notices).answer([told])
    await notices.settle()
    sending.cancel()
    assert [notice.type for notice in sent] == ["boxoffice.request.expired.v1"]


async def test_a_withdrawn_request_is_not_booked_by_a_worker_that_has_read_it(office: Office) -> None:
    show = await office.box.show()
    taken = await office.ask(show)
    row = await office.row(taken)
    command = command_in(row)
    withdrawn = msgspec.structs.replace(command, not_after=bounds.DAWN)
    outcome = await office.box.do(withdrawn)
    assert isinstance(outcome, Refused)
    assert isinstance(await office.box.do(command), Refused)
    assert (await office.box.view(show)).available_seats == 10


async def test_a_booking_that_was_made_is_not_withdrawn(office: Office) -> None:
    show = await office.box.show()
    command = command_in(await office.row(await office.ask(show)))
    made = await office.box.do(command)
    again = await office.box.do(msgspec.structs.replace(command, not_after=bounds.DAWN))
    assert isinstance(again, BookingDone)
    assert again.booking == done(made).booking


async def test_a_full_show_takes_no_more(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "QUEUED_IN_SHOW_MAX", 3)
    show, other = await office.box.show(), await office.box.show()
    fates = [(await office.ask(show)).fate for _ in range(5)]
    assert fates == ["taken", "taken", "taken", "full", "full"]
    assert (await office.ask(other)).fate == "taken"


async def test_no_more_than_200_000_wait_in_all_shows(office: Office) -> None:
    assert bounds.QUEUED_MAX == 200_000
    show = await office.box.show()
    office.intake.queued = bounds.QUEUED_MAX - 1
    assert (await office.ask(show)).fate == "taken"
    office.intake.queued = bounds.QUEUED_MAX
    with pytest.raises(Overloaded):
        await office.ask(show)


async def test_one_key_is_one_row(office: Office) -> None:
    show = await office.box.show()
    first, *others = await asyncio.gather(*(office.ask(show, key="k") for _ in range(8)))
    assert {taken.ticket for taken in others} == {first.ticket}
    assert (await office.ask(show, key="k", seat_count=2)).fate == "reused"
    assert (await office.ask(await office.box.show(), key="k", seat_count=2)).fate == "taken"


def test_a_kept_key_has_the_hash_of_the_key() -> None:
    digest = key_hash("me", "order-4711")
    assert key_hash("anybody", kept_key(digest)) == digest


async def test_an_erased_person_leaves_no_request(office: Office, connection: Connection) -> None:
    show, jane = await office.box.show(), await office.box.user("jane@example.com")
    waits = await office.ask(show, user_id=jane, reference="order-of-jane", metadata={"for": "Jane"})
    told = await office.ask(show, user_id=jane, reference="order-of-jane", seat_count=50)
    await office.work(told, waits)
    done(await office.box.cancel((await office.row(waits))["booking_id"]))
    await office.ask(show, user_id=jane, reference="order-of-jane")
    assert await office.box.reads.export_user(jane) is not None
    done(await office.box.do(EraseUser(actor="admin", user_id=jane)))
    assert await connection.fetchval("SELECT count(*) FROM booking_requests") == 0
    text = await connection.fetchval("SELECT string_agg(k::text, '') FROM idempotency_keys AS k")
    assert "jane" not in text.lower()
    assert await office.box.violations() == {}


async def test_an_export_tells_of_requests(office: Office) -> None:
    show = await office.box.show()
    await office.ask(show)
    export = await office.box.reads.export_user(1)
    assert export is not None
    [kept] = export.requests
    assert (kept.show_id, kept.state, kept.answered_at) == (show, "queued", None)


async def test_old_answers_are_forgotten_and_waiting_requests_never(office: Office, clock: Clock) -> None:
    show = await office.box.show()
    old = await office.ask(show)
    await office.work(old)
    await clock.advance(3600)
    waits = await office.ask(show)
    await clock.advance(3600)
    [row] = await office.store.write("forget_requests", timedelta(hours=1), 10)
    assert row["forgotten"] == 1
    assert await office.state(waits) == "queued"
    assert await office.store.read("requests", [show], [old.ticket.id]) == []


async def test_a_false_answer_is_found(office: Office, connection: Connection) -> None:
    show = await office.box.show()
    booked = await office.ask(show)
    await office.work(booked)
    assert await office.box.violations() == {}
    await connection.execute(
        "UPDATE booking_requests SET booking_id = NULL, status = 409 WHERE ticket_id = $1", booked.ticket.id
    )
    assert list(await office.box.violations()) == ["requests are as told"]
    await connection.execute(
        "UPDATE booking_requests SET booking_id = $2, status = 201 WHERE ticket_id = $1", booked.ticket.id, 5
    )
    assert list(await office.box.violations()) == ["requests are as told"]


def test_ids_of_tickets_are_in_the_order_of_time() -> None:
    ids = [new_id() for _ in range(100)]
    assert {one.version for one in ids} == {7}
    assert [one.int >> 80 for one in ids] == sorted(one.int >> 80 for one in ids)
