"""A batch of which only a part is answered after a lost answer: no command that took effect is sent again."""

from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from boxoffice.database.store import Store
from boxoffice.engine.batches import Batches
from boxoffice.settings.settings import Settings
from boxoffice.vocabulary.commands import BlockSeats
from boxoffice.vocabulary.faults import Busy, OutcomeUnknown, Unavailable
from boxoffice.vocabulary.outcomes import RefusalCode, Refused, SeatsDone


class ScriptedStore(Store):
    """A store that answers each write with the next of the given answers, and records the writes."""

    def __init__(self, *answers: list[dict[str, Any]] | Exception) -> None:
        super().__init__(Settings(), "")
        self._answers = list(answers)
        self.asked: list[list[object]] = []
        self.ids: set[UUID] = set()

    async def write(self, name: str, *args: Any, **_: object) -> list[Any]:
        """The next answer."""
        assert name == "run_batch"
        batch_id, commands = args
        self.ids.add(batch_id)
        self.asked.append([command["seat_numbers"][0] for command in msgspec.json.decode(commands)])
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def block(seat: int, show_id: int = 1) -> BlockSeats:
    return BlockSeats(actor="me", show_id=show_id, seat_numbers=(seat,), reason="house")


def done(command_no: int, seat: int) -> dict[str, Any]:
    return {"command_no": command_no, "code": "done", "places": [seat], "replayed": False, "details": None}


def refused(command_no: int) -> dict[str, Any]:
    return done(command_no, 0) | {"code": "show_not_found"}


async def test_commands_that_are_not_told_are_asked_again_as_another_batch() -> None:
    store = ScriptedStore([done(1, 2)], [refused(1), done(0, 1)])
    outcomes = await Batches(store).run([block(1), block(2), block(3)])
    assert outcomes == [SeatsDone(1, [1]), SeatsDone(1, [2]), Refused(RefusalCode.SHOW_NOT_FOUND)]
    assert (store.asked, len(store.ids)) == ([[1, 2, 3], [1, 3]], 2)


async def test_what_is_done_stays_done_when_the_rest_is_faulty() -> None:
    for fault in (Busy(), Unavailable(), OutcomeUnknown(), asyncpg.DataError()):
        store = ScriptedStore([done(0, 1)], fault)
        assert await Batches(store).run([block(1), block(2)]) == [SeatsDone(1, [1]), fault]
        assert store.asked == [[1, 2], [2]]


async def test_what_is_done_stays_done_when_another_part_is_faulty() -> None:
    gone = OutcomeUnknown()
    store = ScriptedStore(Busy(), [done(0, 1)], gone)
    assert await Batches(store).run([block(1), block(2, show_id=2)]) == [SeatsDone(1, [1]), gone]
    assert store.asked == [[1, 2], [1], [2]]


async def test_a_poisonous_command_is_found_by_halves() -> None:
    poison = asyncpg.DataError()
    store = ScriptedStore(poison, [done(0, 1), done(1, 2)], poison, poison, [done(0, 4)])
    outcomes = await Batches(store).run([block(seat) for seat in (1, 2, 3, 4)])
    assert outcomes == [SeatsDone(1, [1]), SeatsDone(1, [2]), poison, SeatsDone(1, [4])]
    assert store.asked == [[1, 2, 3, 4], [1, 2], [3, 4], [3], [4]]
