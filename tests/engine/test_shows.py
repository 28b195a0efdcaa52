"""Shows: opened, changed, made larger and smaller, blocked in part, deleted."""

from datetime import UTC, datetime, timedelta, timezone

from msgspec.structs import replace

from boxoffice.vocabulary.commands import CreateShow, UnblockSeats, UpdateShow
from boxoffice.vocabulary.outcomes import SeatsDone
from tests.support.engine.box import ACTOR, START, Box, done
from tests.support.engine.clock import Clock

SECTION = 4096


async def test_a_show_is_opened_with_all_seats_free(box: Box, clock: Clock) -> None:
    command = CreateShow(
        actor=ACTOR,
        name="Ärzte ☂",
        start_time=datetime(2030, 12, 15, 19, 30, 0, 123456, tzinfo=timezone(timedelta(hours=1))),
        total_seats=5,
        show_type="concert",
    )
    show = done(await box.do(command)).show
    assert (show.name, show.show_type, show.total_seats, show.available_seats) == ("Ärzte ☂", "concert", 5, 5)
    assert (show.created_at, show.updated_at, show.seq) == (clock.now, clock.now, 1)
    assert show.start_time == datetime(2030, 12, 15, 18, 30, 0, 123456, tzinfo=UTC)
    assert await box.view(show.id) == show


async def test_only_what_is_given_changes(box: Box, clock: Clock) -> None:
    show = await box.show(name="Old")
    before = await box.view(show)
    await clock.advance(5)
    after = done(await box.do(UpdateShow(actor=ACTOR, show_id=show, name="New"))).show
    assert after == replace(before, name="New", updated_at=clock.now, seq=2)
    later = START + timedelta(days=1)
    command = UpdateShow(actor=ACTOR, show_id=show, start_time=later, show_type="bus", expected_seqs=(7, 2))
    assert done(await box.do(command)).show == replace(after, start_time=later, show_type="bus", seq=3)
    events = await box.events(show)
    assert events[2].details == {"start_time": "2030-12-16T18:30:00Z", "show_type": "bus"}


async def test_a_show_grows_and_shrinks_over_its_free_seats(box: Box) -> None:
    show = await box.show(10)
    await box.book(show)
    for total in (
        11,
        1,
        SECTION - 1,
        SECTION,
        SECTION + 1,
        SECTION,
        10,
        3 * SECTION + 5,
        2 * SECTION + 1,
        3 * SECTION,
        2,
        2,
    ):
        changed = done(await box.resize(show, total)).show
        assert (changed.total_seats, changed.available_seats) == (total, total - 1)
        assert await box.free_seats(show) == list(range(2, total + 1))
        assert await box.violations() == {}, total


async def test_a_show_shrinks_over_the_seats_of_a_hold_that_ran_out(box: Box, clock: Clock) -> None:
    show = await box.show(10)
    await box.book(show, 10, hold=60)
    await clock.advance(60)
    assert done(await box.resize(show, 4)).show.available_seats == 4
    assert await box.violations() == {}


async def test_seats_are_blocked_and_given_back(box: Box) -> None:
    show = await box.show(10)
    assert done(await box.block(show, 9, 3)) == SeatsDone(show, [3, 9])
    assert await box.free_seats(show) == [1, 2, 4, 5, 6, 7, 8, 10]
    command = UnblockSeats(actor=ACTOR, show_id=show, seat_numbers=(9,), reason="not needed")
    assert done(await box.do(command)) == SeatsDone(show, [9])
    events = [(event.kind, event.seats, event.details) for event in await box.events(show)][1:]
    assert events == [
        ("blocked", [3, 9], {"reason": "wheelchairs"}),
        ("unblocked", [9], {"reason": "not needed"}),
    ]
    assert await box.violations() == {}


async def test_a_show_is_deleted_when_nobody_has_seats_of_it(box: Box, clock: Clock) -> None:
    show = await box.show()
    sold = await box.book(show)
    await box.book(show, hold=60)
    done(await box.block(show, 10))
    await clock.advance(60)
    done(await box.cancel(sold.id))
    assert done(await box.delete(show)).show.seq == 7
    assert await box.reads.show(show) is None
    assert await box.violations() == {}


async def test_every_transition_is_an_event_with_what_it_needs(box: Box, clock: Clock) -> None:
    show = await box.show(6)
    held = await box.book(show, 2, hold=60)
    done(await box.confirm(held.id))
    done(await box.cancel(held.id, "ill"))
    failed = await box.book(show, hold=60)
    done(await box.fail(failed.id, "declined"))
    expired = await box.book(show, seats=[6], hold=60)
    await clock.advance(60)
    sold = done(await box.confirm(expired.id)).booking
    done(await box.resize(show, 7))
    events = await box.events(show)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    ends = events[1].details["expires_at"]
    assert datetime.fromisoformat(ends) == held.expires_at
    told = [(e.kind, e.booking_id, e.user_id, e.seats, e.actor, e.details) for e in events[1:]]
    assert told == [
        ("held", held.id, 1, [1, 2], ACTOR, {"expires_at": ends}),
        ("confirmed", held.id, 1, [1, 2], ACTOR, {}),
        ("cancelled", held.id, 1, [1, 2], ACTOR, {"reason": "ill"}),
        ("held", failed.id, 1, [1], ACTOR, {"expires_at": ends}),
        ("failed", failed.id, 1, [1], ACTOR, {"reason": "declined"}),
        ("held", expired.id, 1, [6], ACTOR, {"expires_at": ends}),
        ("expired", expired.id, 1, [6], "engine", {}),
        ("booked", sold.id, 1, [6], ACTOR, {"retaken_from": expired.id}),
        ("show_updated", None, None, [], ACTOR, {"total_seats": 7}),
    ]
    assert events[0].details["total_seats"] == 6
    assert {event.at for event in events[:7]} == {held.created_at}
    assert {event.at for event in events[7:]} == {clock.now}
