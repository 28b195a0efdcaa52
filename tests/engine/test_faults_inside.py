"""The database fails at every named point, in every way: callers get the true outcome or a fault."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest
from asyncpg import exceptions as pg
from prometheus_client import REGISTRY

from boxoffice.vocabulary import limits
from boxoffice.vocabulary.commands import (
    BlockSeats,
    BookSeats,
    CancelBooking,
    Command,
    ConfirmBooking,
    CreateShow,
    DeleteShow,
    ExpireHolds,
    ExtendHold,
    ReturnSeats,
    UnblockSeats,
    UpdateShow,
)
from boxoffice.vocabulary.faults import Busy, OutcomeUnknown, Unavailable
from boxoffice.vocabulary.outcomes import BookingDone
from tests.support.engine.box import ACTOR, START, Box, done, in_one_batch
from tests.support.engine.databases import Connection
from tests.support.engine.faults import AT_COMMIT, TERMINATED, Faults, fault_points, faults_in

pytestmark = pytest.mark.both_isolations

Deed = Callable[[Box, int], Awaitable[Command[Any]]]

KEY: Final = "a key"

TOLD: Final[dict[str, tuple[type[Exception] | None, int]]] = {
    "40001": (None, 2),
    "40P01": (None, 2),
    "53300": (None, 2),
    TERMINATED: (None, 2),
    "55P03": (Busy, 1),
    "57014": (Busy, 1),
    "53100": (Unavailable, 1),
    "53200": (Unavailable, 1),
    "58030": (Unavailable, 1),
    "XX000": (pg.InternalServerError, 1),
}
"""By fault: the exception that the caller gets if it comes once (None: none), and the number of tries."""

AT_COMMIT_TOLD: Final = ("40001", "40P01", "53100", "58030", "XX000")
"""The faults that a COMMIT can raise."""


async def _book(_box: Box, show: int) -> Command[Any]:
    return BookSeats(actor=ACTOR, show_id=show, user_id=1, seat_count=2, idempotency_key=KEY)


async def _confirm(box: Box, show: int) -> Command[Any]:
    return ConfirmBooking(actor=ACTOR, show_id=show, booking_id=(await box.book(show, hold=600)).id)


async def _extend(box: Box, show: int) -> Command[Any]:
    held = await box.book(show, 2, hold=60)
    return ExtendHold(
        actor=ACTOR, show_id=show, booking_id=held.id, hold_seconds=120, lifetime_seconds_max=600
    )


async def _cancel(box: Box, show: int) -> Command[Any]:
    return CancelBooking(actor=ACTOR, show_id=show, booking_id=(await box.book(show, 3)).id)


async def _return(box: Box, show: int) -> Command[Any]:
    booked = await box.book(show, 3)
    return ReturnSeats(actor=ACTOR, show_id=show, booking_id=booked.id, seat_numbers=(2, 3))


async def _expire(box: Box, show: int) -> Command[Any]:
    await box.book(show, hold=0.001)
    return ExpireHolds(actor=ACTOR, show_id=show)


async def _block(_box: Box, show: int) -> Command[Any]:
    return BlockSeats(actor=ACTOR, show_id=show, seat_numbers=(3, 4), reason="house")


async def _unblock(box: Box, show: int) -> Command[Any]:
    await box.block(show, 5, 6)
    return UnblockSeats(actor=ACTOR, show_id=show, seat_numbers=(5, 6))


async def _resize(_box: Box, show: int) -> Command[Any]:
    return UpdateShow(actor=ACTOR, show_id=show, total_seats=5_000)


async def _delete(_box: Box, show: int) -> Command[Any]:
    return DeleteShow(actor=ACTOR, show_id=show)


async def _create_show(_box: Box, show: int) -> Command[Any]:
    return CreateShow(actor=ACTOR, name=f"After {show}", start_time=START, total_seats=5)


DEEDS: Final[dict[str, Deed]] = {
    "run_batch": _book,
    "run_show_batch": _book,
    "book_places": _block,
    "confirm_bookings": _confirm,
    "extend_holds": _extend,
    "append_events": _confirm,
    "end_bookings": _cancel,
    "return_places": _return,
    "expire_holds": _expire,
    "unblock_places": _unblock,
    "update_show": _resize,
    "delete_show": _delete,
    "append_event": _create_show,
    "create_show": _create_show,
    "run_desk_command": _create_show,
}
"""By function: a command that passes the fault points of that function."""

NO_COMMAND: Final = ("archive_show", "move_to_archive")
"""Functions that no command calls: ``test_archive.py`` tests their fault points."""


@pytest.fixture
async def faults(connection: Connection) -> Faults:
    """The fault points of the test's database; none is armed."""
    return await faults_in(connection)


async def everything(connection: Connection) -> list[str]:
    """All rows that commands write, as texts."""
    rows = await connection.fetch(
        "SELECT t::text FROM show_inventory AS t UNION ALL SELECT t::text FROM map_chunks AS t "
        "UNION ALL SELECT t::text FROM bookings AS t UNION ALL SELECT t::text FROM booking_seats AS t "
        "UNION ALL SELECT t::text FROM show_events AS t UNION ALL SELECT t::text FROM shows AS t "
        "UNION ALL SELECT t::text FROM idempotency_keys AS t ORDER BY 1"
    )
    return [row[0] for row in rows]


def retries() -> float:
    """How many writes the store has tried again so far after a conflict."""
    errors = ("SerializationError", "DeadlockDetectedError")
    name = "boxoffice_write_retries_total"
    return sum(REGISTRY.get_sample_value(name, {"error": error}) or 0 for error in errors)


async def outcome_of(box: Box, command: Command[Any]) -> Any:
    """The outcome of the command, or the exception that it raised."""
    outcomes: list[Any] = await asyncio.gather(box.do(command), return_exceptions=True)
    return outcomes[0]


async def check_a_fault(box: Box, connection: Connection, faults: Faults, point: str, state: str) -> None:
    """Raise one fault at one point: the answer is right, and the effect came once or not at all."""
    command = await DEEDS[fault_points().get(point, "book_places")](box, await box.show(20))
    fault, tries = TOLD[state]
    before = await everything(connection)
    await faults.arm(point, state)
    outcome = await outcome_of(box, command)
    calls = await faults.calls(point)
    await faults.disarm()
    if fault is None:
        done(outcome)
        assert await everything(connection) != before
    else:
        assert type(outcome) is fault
        assert await everything(connection) == before
        done(await box.do(command))
    assert calls == tries


@pytest.mark.parametrize("state", TOLD)
async def test_a_fault_at_any_point_is_told_truly_and_leaves_nothing_half_done(
    box: Box, connection: Connection, faults: Faults, state: str
) -> None:
    for point, function in fault_points().items():
        if function in NO_COMMAND:
            continue
        try:
            await check_a_fault(box, connection, faults, point, state)
        except AssertionError as error:
            raise AssertionError(f"fault point {point}") from error
    assert await box.violations() == {}


@pytest.mark.parametrize("state", AT_COMMIT_TOLD)
async def test_a_fault_at_commit_is_told_truly_and_leaves_nothing_half_done(
    box: Box, connection: Connection, faults: Faults, state: str
) -> None:
    await check_a_fault(box, connection, faults, AT_COMMIT, state)
    assert await box.violations() == {}


@pytest.mark.parametrize("state", ["40001", "40P01"])
@pytest.mark.parametrize("point", ["after_expiry", "before_answer", AT_COMMIT])
async def test_a_conflict_begins_the_whole_transaction_again(
    box: Box, connection: Connection, faults: Faults, point: str, state: str
) -> None:
    show = await box.show()
    await connection.execute(
        "CREATE SEQUENCE ticks; "
        "CREATE OR REPLACE FUNCTION engine_now() RETURNS timestamptz LANGUAGE sql VOLATILE "
        "RETURN timestamptz '2030-01-01 00:00:00Z' + nextval('ticks') * interval '1 second'"
    )
    await faults.arm("after_lock", state, first=0)
    await faults.arm(point, state, first=3)
    before = retries()
    booking = await box.book(show)
    assert retries() - before == 3  # each try is a new transaction
    assert await faults.calls(point) == 4
    assert await faults.calls("after_lock") == 4
    assert booking.created_at.second == 4  # the last try read the clock again
    assert await box.violations() == {}


async def test_a_fault_of_one_command_is_that_command_s_alone(box: Box, faults: Faults) -> None:
    shows = [await box.show() for _ in range(2)]
    commands = [
        BookSeats(actor=ACTOR, show_id=show, user_id=1, seat_count=1) for show in (*[shows[0]] * 4, shows[1])
    ]
    await faults.arm("after_allocation", "XX000", first=4)  # the batch, its show, a half, one command
    outcomes = await asyncio.gather(*map(box.do, commands), return_exceptions=True)
    assert Counter(map(type, outcomes)) == {BookingDone: 4, pg.InternalServerError: 1}
    assert await faults.told("XX000") == 4
    assert await box.violations() == {}


@pytest.mark.parametrize("state", ["53100", "53200", "58030"])
async def test_a_batch_that_lacks_resources_is_neither_cut_nor_tried_again(
    box: Box, faults: Faults, state: str
) -> None:
    shows = [await box.show() for _ in range(2)]
    await faults.arm_for_ever("before_show", state)
    outcomes: list[Any] = await asyncio.gather(
        *(box.try_book(show) for show in shows * 4), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 8
    assert await faults.calls("before_show") == 1
    await faults.disarm()
    assert len(await in_one_batch(*(box.try_book(show) for show in shows))) == 2
    assert await box.violations() == {}


@pytest.mark.parametrize(
    ("state", "told"),
    [("40001", Unavailable), ("40P01", Unavailable), (TERMINATED, OutcomeUnknown), ("53300", OutcomeUnknown)],
)
async def test_faults_without_end_are_told_within_the_budget(
    box: Box, connection: Connection, faults: Faults, state: str, told: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "WRITE_RETRY_BUDGET_S", 0.05)
    show = await box.show()
    before = await everything(connection)
    await faults.arm_for_ever("before_answer", state)
    assert type(await outcome_of(box, await _book(box, show))) is told
    assert await faults.calls("before_answer") >= 1
    assert await everything(connection) == before
    await faults.disarm()
    assert (await box.book(show)).seats == [1]


@pytest.mark.parametrize("state", ["53200", "58030"])
async def test_a_read_that_lacks_resources_is_told_as_unavailable(
    box: Box, connection: Connection, state: str
) -> None:
    await box.book(await box.show(), hold=60)
    await connection.execute(
        "CREATE FUNCTION broken() RETURNS timestamptz LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$; "
        "CREATE OR REPLACE FUNCTION engine_now() RETURNS timestamptz LANGUAGE sql VOLATILE RETURN broken()"
    )
    with pytest.raises(Unavailable):
        await box.engine.expire_due("sweeper")
