"""The map of a show, as it is packed and as it is told in runs."""

import random
from base64 import b64encode

from boxoffice.live.states import BLOCKED, EFFECTS, FREE, TAKEN, SeatStates
from tests.support.engine.databases import Connection
from tests.support.http.viewers import unpacked


def packed(states: SeatStates) -> list[int]:
    """The states as a client reads them."""
    return unpacked(b64encode(states.packed()).decode(), states.total)


def test_a_map_is_packed_from_the_lowest_bits_on() -> None:
    states = SeatStates.of("11100", [3])
    assert states.packed() == bytes([0b00_10_01_01, 0b00])
    assert states.available == 2


def test_a_client_unpacks_what_was_packed() -> None:
    chance = random.Random(1)  # noqa: S311 - no secret
    for total in (1, 2, 3, 4, 5, 4_096, 100_003):
        states = SeatStates(bytearray(chance.choices((FREE, TAKEN, BLOCKED), k=total)))
        assert packed(states).count(FREE) == states.available
        assert bytes(packed(states)) == bytes(states._states)


def test_runs_are_of_places_that_touch_and_have_one_state() -> None:
    states = SeatStates.of("0110101", [5])
    assert states.runs([7, 1, 2, 3, 5, 6, 2, 9]) == ([(2, 3), (7, 7)], [(1, 1), (6, 6)], [(5, 5)])
    assert states.runs([]) == ([], [], [])


def test_only_places_that_change_are_told() -> None:
    states = SeatStates.of("0100", [])
    assert states.set([1, 2, 3, 9], TAKEN) == [1, 3]
    assert states.available == 1
    assert states.set([1, 2], FREE) == [1, 2]
    assert states.available == 3


def test_a_map_grows_by_free_places_and_shrinks_from_its_end() -> None:
    states = SeatStates.of("1010", [])
    assert list(states.resize(6)) == [5, 6]
    assert (states.total, states.available) == (6, 4)
    assert list(states.resize(1)) == []
    assert (states.total, states.available) == (1, 0)


async def test_every_kind_of_event_has_the_state_that_the_database_gives_it(connection: Connection) -> None:
    rows = await connection.fetch("SELECT kind, owned FROM event_kinds")
    assert EFFECTS.keys() == {row["kind"] for row in rows}
    for row in rows:
        state = EFFECTS[row["kind"]]
        assert (None if state is None else state != FREE) == row["owned"], row["kind"]
