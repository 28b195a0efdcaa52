"""What the feed tells of a person: a number, and nothing more, before and after the person was erased."""

from typing import Any

from boxoffice.feed.envelopes import encode, envelope
from boxoffice.feed.events import START
from boxoffice.vocabulary.commands import BookSeats, CancelBooking, EraseUser
from boxoffice.vocabulary.outcomes import Refused
from tests.support.engine.box import Box, done
from tests.support.engine.feeding import feed_on

ORIGIN = "203.0.113.7"
REASON = "Ada Lovelace was ill"


async def test_events_hold_no_trace_of_a_person_and_stay_as_they_are_when_the_person_is_erased(
    box: Box,
) -> None:
    user, show = await box.user("ada@example.com", "Ada Lovelace"), await box.show()
    asked: dict[str, Any] = {"actor": f"user:{user}", "origin": ORIGIN, "show_id": show}
    booked = done(await box.do(BookSeats(user_id=user, seat_count=1, **asked))).booking
    done(await box.do(CancelBooking(booking_id=booked.id, reason=REASON, **asked)))
    told = await bodies(box, show)
    assert not isinstance(await box.do(EraseUser(actor="admin", user_id=user)), Refused)
    assert await bodies(box, show) == told
    for body in told:
        for trace in (ORIGIN, REASON, "Ada", "ada@example.com", "origin", "reason"):
            assert trace.encode() not in body
    assert await box.violations() == {}


async def test_who_booked_is_told_as_a_number_and_only_to_those_who_may(box: Box) -> None:
    user, show = await box.user("ada@example.com", "Ada Lovelace"), await box.show()
    done(await box.try_book(show, user=user, actor=f"user:{user}"))
    assert f'"user_id":{user}'.encode() in (await bodies(box, show, personal=True))[-1]
    assert b"user" not in (await bodies(box, show))[-1]


async def bodies(box: Box, show: int, *, personal: bool = False) -> list[bytes]:
    """What a consumer is sent of a show."""
    async with feed_on(box.dsn) as feed:
        events = (await feed.reader.tail(show, START, 100)).events
    return [encode(envelope(event, "urn:test", personal=personal)) for event in events]
