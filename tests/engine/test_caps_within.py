"""What a caller for some shows makes counts in these shows alone, and says nothing about the others."""

import pytest

from tests.support.engine.box import Box, done, refused
from tests.support.engine.clock import Clock
from tests.support.engine.databases import Connection
from tests.support.engine.limited import book_capped, caps

pytestmark = pytest.mark.both_isolations

ALL = caps(holds=4, holds_per_show=2)


async def fill(box: Box, *shows: int) -> None:
    """Two holds in each show, made by a caller who reaches these shows alone."""
    for show in shows:
        for _ in range(2):
            done(await book_capped(box, show, caps(holds=4, holds_per_show=2, within=shows)))


async def test_holds_within_some_shows_leave_the_user_all_holds_elsewhere(box: Box) -> None:
    one, two, other, last = [await box.show() for _ in range(4)]
    await fill(box, one, two)
    for show in (other, other, last, last):
        done(await book_capped(box, show, ALL))
    fifth = await box.show()
    assert await book_capped(box, fifth, ALL) == refused("too_many_holds", limit=4, active=4, scope="all")


async def test_within_its_shows_a_caller_counts_what_anybody_made_there(box: Box) -> None:
    one, two, three, other = [await box.show() for _ in range(4)]
    mine = caps(holds=4, holds_per_show=2, within=(one, two, three))
    for show in (one, other, other):
        done(await book_capped(box, show, ALL))
    for show in (one, two, two):  # the holds in the other show are neither counted nor told
        done(await book_capped(box, show, mine))
    assert await book_capped(box, three, mine) == refused("too_many_holds", limit=4, active=4, scope="all")
    assert await book_capped(box, one, mine) == refused("too_many_holds", limit=2, active=2, scope="show")


async def test_in_a_show_itself_everything_counts(box: Box) -> None:
    """Otherwise a user would get more seats of a show with each shop that sells the show."""
    one, two, three = [await box.show() for _ in range(3)]
    await fill(box, one, two)
    too_many = refused("too_many_holds", limit=2, active=2, scope="show")
    assert await book_capped(box, one, ALL) == too_many
    assert await book_capped(box, one, caps(holds=4, holds_per_show=2, within=(one, three))) == too_many
    assert await book_capped(box, one, caps(bookings_per_show=2, within=(one,))) == refused(
        "too_many_bookings", limit=2, active=2
    )


async def test_a_hold_counts_in_a_show_if_its_caller_reaches_that_show(box: Box) -> None:
    one, two, three = [await box.show() for _ in range(3)]
    done(await book_capped(box, one, caps(within=(one, two))))
    done(await book_capped(box, two, caps(within=(one, two))))
    limits = caps(holds=2)
    assert await book_capped(box, one, limits) == refused("too_many_holds", limit=2, active=2, scope="all")
    done(await book_capped(box, three, limits))


async def test_of_two_callers_whose_shows_overlap_neither_reaches_beyond_its_own(box: Box) -> None:
    """A hold in the show that both have must not keep the second caller from its other show."""
    first, shared, second = [await box.show() for _ in range(3)]
    done(await book_capped(box, first, caps(within=(first, shared))))
    done(await book_capped(box, shared, caps(within=(first, shared))))
    limits = caps(holds=1, within=(shared, second))
    done(await book_capped(box, second, limits))
    assert await book_capped(box, second, limits) == refused("too_many_holds", limit=1, active=1, scope="all")


async def test_pauses_are_of_the_show_and_go_no_further(box: Box, clock: Clock) -> None:
    one, two = [await box.show() for _ in range(2)]
    limits = caps(cooldown_s=60)
    held = done(await book_capped(box, one, caps(within=(one,)), hold=600)).booking
    await clock.advance(100)
    await box.cancel(held.id)
    assert await book_capped(box, one, limits) == refused("hold_cooldown", retry_after_s=10.0)
    done(await book_capped(box, two, limits))


async def test_a_booking_keeps_in_which_shows_it_counts(box: Box, connection: Connection) -> None:
    one, two = [await box.show() for _ in range(2)]
    await fill(box, one)
    done(await book_capped(box, two, ALL))
    done(await book_capped(box, two, ALL))
    kept = await connection.fetch("SELECT show_id, counts_in FROM bookings ORDER BY booking_id")
    assert [(row["show_id"], row["counts_in"]) for row in kept] == [
        *[(one, [one])] * 2,
        *[(two, None)] * 2,
    ]
    assert await box.violations() == {}
