"""A person can be erased: no personal data stays, the audit is whole, and no booking is made later."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from boxoffice.sql import query
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.commands import (
    BlockSeats,
    BookSeats,
    CancelBooking,
    CreateUser,
    EraseUser,
    UpdateUser,
)
from boxoffice.vocabulary.outcomes import BookingDone, Refused, UserDone
from tests.support.engine.archiving import AGE, ARCHIVIST
from tests.support.engine.box import ACTOR, Box, done, open_box, refused
from tests.support.engine.clock import Clock
from tests.support.engine.databases import Connection
from tests.support.engine.limited import book_capped, caps
from tests.support.engine.races import until_over, wait_until_blocked

NAME, EMAIL, ADDRESS, REASON = "Jane Q. Roe", "jane.roe@example.com", "192.0.2.77", "Roe is ill"
REFERENCE, FACT = "order-of-roe", "Roe, wheelchair"
PERSONAL = (NAME, EMAIL, ADDRESS, REASON, REFERENCE, FACT, "subject-of-jane")
ORDER = "order of Miss Roe"
"""An idempotency key that names the person."""


async def person(box: Box) -> int:
    """The user Jane, registered with a login and with an idempotency key."""
    command = CreateUser(
        actor="key:shop",
        idempotency_key="sign-up",
        name=NAME,
        email=EMAIL,
        issuer="https://id",
        subject="subject-of-jane",
    )
    return done(await box.do(command)).user.id


async def erase(box: Box, user_id: int) -> UserDone | Refused:
    return await box.do(EraseUser(actor="admin", user_id=user_id))


async def acts(box: Box, jane: int, show: int) -> None:
    """Jane books and cancels, by herself and through a shop."""
    for actor in (f"user:{jane}", "key:shop"):
        who: dict[str, Any] = {"actor": actor, "origin": ADDRESS, "show_id": show}
        book = BookSeats(
            **who,
            idempotency_key=ORDER,
            user_id=jane,
            seat_count=1,
            hold_seconds=60,
            reference=REFERENCE,
            metadata={"note": FACT},
        )
        booking = done(await box.do(book)).booking
        done(
            await box.do(CancelBooking(**who, idempotency_key="cancel", booking_id=booking.id, reason=REASON))
        )


async def whole_database(connection: Connection) -> str:
    """Every row of every table, as text."""
    tables = await connection.fetch(
        "SELECT quote_ident(table_name) AS name FROM information_schema.tables WHERE table_schema = 'public'"
    )
    texts = [
        await connection.fetchval(f"SELECT string_agg(t::text, ' ') FROM {table['name']} AS t")  # noqa: S608 - our own names
        for table in tables
    ]
    return " ".join(text for text in texts if text)


@pytest.mark.parametrize("rows", [1, limits.ERASE_ROWS_MAX])
async def test_nothing_of_an_erased_person_is_left(
    box: Box, connection: Connection, clock: Clock, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    """However many rows a portion has."""
    monkeypatch.setattr(limits, "ERASE_ROWS_MAX", rows)
    show = await box.show()
    jane = await person(box)
    await acts(box, jane, show)
    await box.do(UpdateUser(actor="key:shop", idempotency_key="again", user_id=jane, name=NAME))
    before = await whole_database(connection)
    assert [text for text in PERSONAL if text not in before] == []

    user = done(await erase(box, jane)).user
    assert (user.name, user.email) == ("erased", f"erased-{jane}@erased.invalid")
    after = await whole_database(connection)
    assert [text for text in PERSONAL if text in after] == []
    assert await connection.fetchval("SELECT count(*) FROM idempotency_keys WHERE actor LIKE 'user:%'") == 0
    assert await box.reads.user_of_subject("https://id", "subject-of-jane") is None
    assert len(await box.events(show)) == 5
    assert await box.violations() == {}
    assert await connection.fetchval("SELECT erased_at FROM users WHERE user_id = $1", jane) == clock.now


async def test_what_others_did_and_wrote_stays(box: Box, connection: Connection) -> None:
    show = await box.show()
    jane = await person(box)
    john: dict[str, Any] = {"actor": "user:1", "origin": "192.0.2.1", "show_id": show}
    booking = done(await box.do(BookSeats(**john, idempotency_key="book", user_id=1, seat_count=1))).booking
    done(await box.do(CancelBooking(**john, booking_id=booking.id, reason="rain")))
    done(await erase(box, jane))
    kept = await box.reads.booking(booking.id)
    assert kept is not None
    assert kept.user is not None
    assert (kept.reason, kept.user.name) == ("rain", "John Doe")
    assert await connection.fetchval("SELECT count(*) FROM show_events WHERE origin = '192.0.2.1'") == 2
    assert await connection.fetchval("SELECT count(*) FROM idempotency_keys WHERE actor = 'user:1'") == 1


async def test_who_has_active_bookings_is_not_erased(box: Box, clock: Clock) -> None:
    show = await box.show(start=clock.now.replace(year=clock.now.year + 1))
    jane = await person(box)
    held = done(await book_capped(box, show, caps(), user=jane, hold=60)).booking
    sold = done(await book_capped(box, show, caps(), user=jane, hold=None)).booking
    assert await erase(box, jane) == refused("active_bookings", count=2)
    await box.cancel(sold.id)
    assert await erase(box, jane) == refused("active_bookings", count=1)
    await clock.advance(60)
    done(await erase(box, jane))
    assert (await box.confirm(held.id)) == refused("hold_expired", state="EXPIRED", seats=[])
    assert await box.violations() == {}


async def test_a_sale_of_a_show_that_has_begun_keeps_nobody(box: Box) -> None:
    show = await box.show(start=datetime(2020, 1, 1, tzinfo=UTC))
    jane = await person(box)
    done(await book_capped(box, show, caps(), user=jane, hold=None))
    done(await erase(box, jane))
    assert await box.violations() == {}


async def test_erasing_twice_is_a_replay(box: Box) -> None:
    jane = await person(box)
    first = done(await erase(box, jane))
    assert done(await erase(box, jane)) == UserDone(first.user, replayed=True)
    assert await erase(box, 99) == refused("user_not_found")


async def test_an_erased_user_neither_books_nor_changes(box: Box) -> None:
    show = await box.show()
    jane = await person(box)
    done(await erase(box, jane))
    gone = refused("user_not_found")
    assert await box.try_book(show, user=jane) == gone
    assert await book_capped(box, show, caps(), user=jane) == gone
    assert await box.do(UpdateUser(actor=ACTOR, user_id=jane, name="Jane")) == gone
    assert await person_again(box) != jane


async def person_again(box: Box) -> int:
    """The command that registers Jane again, with the same address and login."""
    command = CreateUser(
        actor="key:shop", name=NAME, email=EMAIL, issuer="https://id", subject="subject-of-jane"
    )
    return done(await box.do(command)).user.id


@pytest.mark.both_isolations
@pytest.mark.parametrize("capped", [True, False])
async def test_who_is_erased_while_booking_has_no_booking(
    box: Box, isolation: str, connection: Connection, admin: Connection, capped: bool
) -> None:
    """The booking has found the user, and waits for the row that the erasure has changed."""
    show, other_show = [await box.show() for _ in range(2)]
    jane = await person(box)
    done(await box.cancel(done(await book_capped(box, other_show, caps(), user=jane)).booking.id))
    await connection.execute(
        """
        CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$;
        CREATE TRIGGER wait BEFORE INSERT ON bookings FOR EACH ROW EXECUTE FUNCTION wait();
        """
    )
    async with open_box(box.dsn, isolation) as other:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(1)")
            trying = book_capped(box, show, caps(), user=jane) if capped else box.try_book(show, user=jane)
            booking = asyncio.create_task(trying)
            await wait_until_blocked(admin, application_name="boxoffice")
            erasing = asyncio.create_task(erase(other, jane))
            if capped:
                await wait_until_blocked(admin, application_name="boxoffice", count=2)
            else:
                done(await erasing)
        outcomes = (await booking, await erasing)
    booked, erased = (isinstance(outcome, BookingDone | UserDone) for outcome in outcomes)
    assert (booked, erased) == ((True, False) if capped else (False, True)), outcomes
    assert await box.violations() == {}


async def test_a_person_gets_everything_that_is_kept(box: Box) -> None:
    show = await box.show()
    jane = await person(box)
    await acts(box, jane, show)
    await box.book(show)
    export = await box.reads.export_user(jane)
    assert export is not None
    assert (export.user.name, export.user.email) == (NAME, EMAIL)
    assert [(login.issuer, login.subject) for login in export.logins] == [("https://id", "subject-of-jane")]
    assert [(booking.status, booking.reason) for booking in export.bookings] == [("CANCELLED", REASON)] * 2
    assert [(event.show_id, event.kind, event.origin) for event in export.events] == [
        (show, kind, ADDRESS) for kind in ("held", "cancelled") * 2
    ]
    assert export.events[1].details == {"reason": REASON}
    assert [answer.show_id for answer in export.kept_answers] == [show, show]
    assert await box.reads.export_user(99) is None


async def test_a_login_belongs_to_one_user_and_a_user_has_one_login_of_an_issuer(box: Box) -> None:
    def link(email: str, issuer: str, subject: str) -> CreateUser:
        return CreateUser(actor=ACTOR, name="X", email=email, issuer=issuer, subject=subject)

    taken = refused("subject_taken")
    jane = done(await box.do(link("jane@example.com", "one", "jane")))
    assert jane.created
    again = done(await box.do(link("JANE@example.com", "one", "jane")))
    assert (again.created, again.user) == (False, jane.user)
    assert await box.do(link("jane@example.com", "one", "another")) == taken
    for address in ("john@example.com", "new@example.com"):  # the login identifies, not the address
        assert done(await box.do(link(address, "one", "jane"))).user == jane.user
    page = await box.reads.users(limit=10)
    assert [user.email for user in page.items] == ["john@example.com", "jane@example.com"]
    assert done(await box.do(link("john@example.com", "one", "john"))).user.id == 1
    assert done(await box.do(link("john@example.com", "two", "jane"))).user.id == 1
    assert await box.reads.user_of_subject("one", "jane") == jane.user.id
    assert await box.reads.user_of_subject("two", "jane") == 1


@pytest.mark.both_isolations
async def test_rivals_for_one_login_become_one_user(box: Box, isolation: str, connection: Connection) -> None:
    command = CreateUser(actor=ACTOR, name="X", email="jane@example.com", issuer="one", subject="jane")
    async with open_box(box.dsn, isolation, pool_max=8) as other:
        users = await asyncio.gather(*((box, other)[no % 2].do(command) for no in range(20)))
    assert len({done(user).user.id for user in users}) == 1
    assert sum(done(user).created for user in users) == 1
    assert await connection.fetchval("SELECT count(*) FROM logins") == 1


@pytest.mark.both_isolations
async def test_who_waited_for_a_rival_with_the_same_login_finds_the_rivals_user(
    box: Box, connection: Connection, admin: Connection
) -> None:
    command = CreateUser(actor=ACTOR, name="X", email="jane@example.com", issuer="one", subject="jane")
    async with connection.transaction():
        jane = await connection.fetchval(
            "INSERT INTO users (name, email, created_at, updated_at) "
            "VALUES ('Jane', 'jane@example.com', now(), now()) RETURNING user_id"
        )
        await connection.execute("INSERT INTO logins VALUES ('one', 'jane', $1, now())", jane)
        linking = asyncio.create_task(box.do(command))
        await wait_until_blocked(admin, application_name="boxoffice")
    user = done(await linking)
    assert (user.created, user.user.id) == (False, jane)


async def test_nothing_of_an_erased_person_is_left_in_the_archive(
    box: Box, connection: Connection, clock: Clock
) -> None:
    """One show is archived, one is half archived, one is on sale."""
    shows = [await box.show(start=clock.now) for _ in range(2)]
    jane = await person(box)
    for show in shows:
        await acts(box, jane, show)
    staffs = await box.show(start=clock.now)
    done(
        await box.do(
            BlockSeats(
                actor=f"user:{jane}", origin=ADDRESS, show_id=staffs, seat_numbers=(1,), reason="house"
            )
        )
    )
    await clock.advance(AGE.total_seconds() + 1)
    on_sale = await box.show(start=clock.now + AGE)
    await acts(box, jane, on_sale)
    for show, rows in zip((*shows, staffs), (100, 5, 100), strict=True):
        await connection.fetchrow(query("archive_show"), show, AGE, ARCHIVIST, rows)
    before = await whole_database(connection)
    assert [text for text in PERSONAL if text not in before] == []
    export = await box.reads.export_user(jane)
    assert export is not None
    assert Counter(booking.show_id for booking in export.bookings) == dict.fromkeys([*shows, on_sale], 2)
    assert Counter(event.show_id for event in export.events) == {
        **dict.fromkeys([*shows, on_sale], 4),
        staffs: 1,
    }

    done(await erase(box, jane))
    after = await whole_database(connection)
    assert [text for text in PERSONAL if text in after] == []
    assert await box.violations() == {}


@pytest.mark.both_isolations
async def test_a_hold_that_is_confirmed_at_its_end_keeps_its_person(
    box: Box, isolation: str, connection: Connection, admin: Connection
) -> None:
    """The confirm read the clock before the end; the erasure must wait for it, and see a sale."""
    show, jane = await box.show(), await person(box)
    held = done(await book_capped(box, show, caps(), user=jane, hold=0.5)).booking
    async with open_box(box.dsn, isolation) as other:
        async with connection.transaction():
            await connection.execute("SELECT FROM bookings WHERE booking_id = $1 FOR UPDATE", held.id)
            confirming = asyncio.create_task(box.confirm(held.id))
            await wait_until_blocked(admin, application_name="boxoffice")
            await until_over(admin, held.expires_at)
            erasing = asyncio.create_task(erase(other, jane))
            await wait_until_blocked(admin, application_name="boxoffice", count=2)
        assert done(await confirming).booking.status == "CONFIRMED"
        assert await erasing == refused("active_bookings", count=1)
