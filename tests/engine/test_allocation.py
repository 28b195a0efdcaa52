"""Which seats a booking gets: the lowest run that is long enough, or else the fewest runs."""

from typing import TypeAlias

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boxoffice.vocabulary import limits
from tests.model.reference import lowest_run, pick_seats
from tests.support.engine.box import Box, done, refused
from tests.support.engine.databases import Connection

SECTION = 4096
Maps: TypeAlias = tuple[list[str], set[int]]
"""A show's map as the database has it, and its free seats."""


async def leave_free(box: Box, show: int, total: int, *free: int) -> None:
    """Blocks all other seats."""
    done(await box.block(show, *(set(range(1, total + 1)) - set(free))))


async def test_seats_are_together_and_the_lowest_first(box: Box) -> None:
    show = await box.show(10)
    assert [(await box.book(show, n)).seats for n in (2, 1, 3)] == [[1, 2], [3], [4, 5, 6]]


async def test_a_gap_that_fits_is_filled_and_a_longer_wish_passes_it_by(box: Box) -> None:
    show = await box.show(10)
    await leave_free(box, show, 10, 2, 3, 5, 6, 7, 9)
    assert (await box.book(show, 3)).seats == [5, 6, 7]
    assert (await box.book(show, 1)).seats == [2]
    assert (await box.book(show, 2)).seats == [3, 9]


async def test_what_cannot_be_together_is_in_the_fewest_runs(box: Box) -> None:
    show = await box.show(20)
    await leave_free(box, show, 20, 1, 3, 4, 6, 7, 8, 10, 12, 13, 14, 15)
    assert (await box.book(show, 8)).seats == [1, 6, 7, 8, 12, 13, 14, 15]  # 4 and 3 and 1, not 2 and 1


async def test_the_search_for_scattered_seats_has_a_budget(box: Box) -> None:
    """Runs of 1, 2, 3, ... free seats: more lengths than are tried."""
    longest = limits.RUN_LENGTHS_MAX + 4
    runs = "1".join("0" * length for length in range(1, longest + 1))
    free = [place for place, bit in enumerate(runs, start=1) if bit == "0"]
    show = await box.show(len(runs))
    await leave_free(box, show, len(runs), *free)
    tried = sum(range(longest, longest - limits.RUN_LENGTHS_MAX, -1))
    seats = (await box.book(show, tried + 6)).seats
    assert seats == pick_seats(free, tried + 6)
    assert set(seats) >= set(free[-tried:])
    assert [seat for seat in seats if seat <= free[-tried - 1]] == free[:6], (
        "the lowest ones, not the run of 4"
    )


async def test_the_last_seats_are_sold_and_then_no_more(box: Box) -> None:
    show = await box.show(3)
    assert (await box.book(show, 3)).seats == [1, 2, 3]
    assert await box.try_book(show) == refused("insufficient_seats", requested=1, available=0)


async def test_a_run_crosses_the_boundary_of_two_sections(box: Box) -> None:
    show = await box.show(SECTION + 50)
    await leave_free(box, show, SECTION + 50, 10, SECTION - 1, SECTION, SECTION + 1, SECTION + 2)
    assert (await box.book(show, 4)).seats == [SECTION - 1, SECTION, SECTION + 1, SECTION + 2]
    assert (await box.book(show)).seats == [10]
    assert await box.violations() == {}


async def test_every_short_run_across_the_boundary_is_found(connection: Connection) -> None:
    for count in range(2, 10):
        for first in range(SECTION + 2 - count, SECTION + 1):
            before = SECTION + 1 - first
            maps = ["0" * before, "0" * (count - before)]
            found = await connection.fetchval(
                "SELECT find_run(ARRAY[lpad($1, $3, '1'), rpad($2, $3, '1')]::bit varying[], 1, $4)",
                *maps,
                SECTION,
                count,
            )
            assert found == first, (count, first)


async def test_the_last_seat_of_the_last_section_is_found(box: Box) -> None:
    for total in (SECTION, SECTION + 1, 2 * SECTION):
        show = await box.show(total)
        await leave_free(box, show, total, total)
        assert (await box.book(show)).seats == [total]
        assert await box.free_seats(show) == []
    assert await box.violations() == {}


async def test_a_thousand_seats_are_together_across_sections(box: Box) -> None:
    show = await box.show(2 * SECTION)
    await leave_free(box, show, 2 * SECTION, *range(SECTION - 700, SECTION + 310))
    assert (await box.book(show, 1000)).seats == list(range(SECTION - 700, SECTION + 300))


async def test_seats_that_come_back_are_the_next_to_be_sold(box: Box) -> None:
    for count in (1, 2, 8, 9):
        show = await box.show(40)
        first = await box.book(show, count)
        await box.book(show, count)
        done(await box.cancel(first.id))
        assert (await box.book(show, count)).seats == first.seats


async def test_a_run_that_grows_around_a_seat_that_came_back_is_found(box: Box) -> None:
    show = await box.show(12)
    await leave_free(box, show, 12, 2, 3, 5, 6, 9, 10, 11)
    assert (await box.book(show, 3)).seats == [9, 10, 11]
    done(await box.unblock(show, 4))
    assert await box.violations() == {}
    assert (await box.book(show, 3)).seats == [2, 3, 4]


async def test_seats_that_are_added_join_the_run_before_them(box: Box) -> None:
    show = await box.show(8)
    await leave_free(box, show, 8, 1, 2, 4, 5, 7, 8)
    assert (await box.book(show, 3)).seats == [1, 2, 4]  # there is no run of three
    done(await box.resize(show, 9))
    assert await box.violations() == {}
    assert (await box.book(show, 3)).seats == [7, 8, 9]


@st.composite
def maps(draw: st.DrawFn) -> Maps:
    """A map of one chunk with a few seats, or of two chunks with free runs around their boundary alone."""
    if draw(st.booleans()):
        bits = draw(st.text("01", min_size=1, max_size=40))
        return [bits], {seat for seat, bit in enumerate(bits, start=1) if bit == "0"}
    total = SECTION + draw(st.integers(1, 30))
    runs = draw(st.lists(st.tuples(st.integers(SECTION - 20, SECTION + 20), st.integers(1, 12)), max_size=5))
    free = {seat for first, count in runs for seat in range(first, first + count) if seat <= total}
    bits = "".join("0" if seat in free else "1" for seat in range(1, total + 1))
    return [bits[:SECTION], bits[SECTION:]], free


property_test = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@property_test
@given(maps=maps(), start=st.integers(1, SECTION + 40), count=st.integers(1, 14))
async def test_find_run_finds_the_lowest_run(
    connection: Connection, maps: Maps, start: int, count: int
) -> None:
    found = await connection.fetchval(
        "SELECT find_run($1::text[]::bit varying[], $2, $3)", maps[0], start, count
    )
    assert found == lowest_run(maps[1], count, start)


@property_test
@given(maps=maps(), count=st.integers(1, 14), behind=st.lists(st.integers(0, 30), min_size=8, max_size=8))
async def test_a_plain_choice_has_the_longest_runs_and_hints_that_hide_nothing(
    connection: Connection, maps: Maps, count: int, behind: list[int]
) -> None:
    chunks, free = maps
    if count > len(free):
        return
    total = sum(map(len, chunks))
    hints = [max(1, _lowest(free, n, total) - less) for n, less in enumerate(behind, start=1)]
    row = await connection.fetchrow(
        "SELECT * FROM plain_choice($1::text[]::bit varying[], $2, $3, $4, $5)",
        *(chunks, hints, total, len(free), count),
    )
    assert row is not None
    assert (row["code"], row["places"]) == ("done", pick_seats(free, count))
    true = [_lowest(free - set(row["places"]), n, total) for n in range(1, 9)]
    assert all(old <= new <= first for old, new, first in zip(hints, row["hints"], true, strict=True))


def _lowest(free: set[int], count: int, total: int) -> int:
    """The first place of the lowest run of ``count`` free places; without a run a place behind the last."""
    return lowest_run(free, count) or total + 1


@property_test
@given(free=st.sets(st.integers(1, 40), min_size=1), data=st.data())
async def test_allocation_agrees_with_the_model(
    connection: Connection, free: set[int], data: st.DataObject
) -> None:
    counts = data.draw(st.lists(st.integers(1, 12), min_size=1, max_size=6))
    transaction = connection.transaction()
    await transaction.start()
    try:
        rows = await _allocated(connection, free, counts)
    finally:
        await transaction.rollback()
    left = set(free)
    for row, count in zip(rows, counts, strict=True):
        expected = pick_seats(left, count) if count <= len(left) else None
        assert (row["places"], row["code"]) == (expected, "done" if expected else "insufficient_seats")
        left -= set(expected or ())


async def _allocated(connection: Connection, free: set[int], counts: list[int]) -> list[asyncpg.Record]:
    """The seats that bookings of these sizes get in a show of 40 seats with these free seats."""
    bits = "".join("0" if seat in free else "1" for seat in range(1, 41))
    await connection.execute(
        "INSERT INTO users (user_id, name, email, created_at, updated_at) "
        "VALUES (1, 'John', 'john@example.com', now(), now())"
    )
    await connection.execute("INSERT INTO shows VALUES (1, 'Show', 'show', now(), now(), now())")
    await connection.execute(
        "INSERT INTO show_inventory (show_id, total_places, free_places, blocked_places) "
        "VALUES (1, 40, $1, $2)",
        len(free),
        40 - len(free),
    )
    await connection.execute(
        "INSERT INTO map_chunks VALUES (1, 0, $1::text::bit varying, $2)", bits, len(free)
    )
    return await connection.fetch(
        """
        SELECT (o.booking).places, o.code
        FROM allocate_places(1, now(), ARRAY(
            SELECT jsonb_populate_record(NULL::engine_command, jsonb_build_object(
                'command_no', no, 'show_id', 1, 'kind', 'book', 'actor', 'me', 'user_id', 1, 'seat_count', n
            ))
            FROM unnest($1::integer[]) WITH ORDINALITY AS c (n, no)
        )) AS a, unnest(a.outcomes) AS o
        """,
        counts,
    )
