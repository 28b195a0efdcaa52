"""The worker: decides requests in their turn, and writes what is told of each.

Nothing marks a request as 'under way'. A worker that dies leaves its requests as they were, and the next one
decides them again: the key of a request gives the first decision back, whatever it was. So a request is
decided once and told once, however many workers there are. That a show has one worker at a time only saves
work.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Any

import asyncpg
import structlog

from boxoffice.database.store import Store
from boxoffice.engine.engine import BookingEngine
from boxoffice.requests import bounds, meters
from boxoffice.requests.asked import command_of, encoded_answers
from boxoffice.requests.notices import Notices
from boxoffice.requests.told import Told, told
from boxoffice.requests.waiting import Waiting
from boxoffice.vocabulary.commands import BookSeats
from boxoffice.vocabulary.faults import Fault
from boxoffice.web.http.problems import Problems

log = structlog.get_logger(__name__)


class Worker:
    """Decides what waits in the shows of the slices that ``slices`` names, each show in order of arrival.

    ``notices``: who is told of each answer that this process has written; None: nobody.
    """

    def __init__(
        self,
        store: Store,
        engine: BookingEngine,
        problems: Problems,
        waiting: Waiting,
        slices: Callable[[], Collection[int]],
        notices: Notices | None = None,
    ) -> None:
        self._store = store
        self._engine = engine
        self._problems = problems
        self._waiting = waiting
        self._slices = slices
        self._notices = notices
        self._woken = asyncio.Event()
        self._busy: dict[int, asyncio.Task[None]] = {}

    def wake(self) -> None:
        """There is something to decide: look at once."""
        self._woken.set()

    async def run(self) -> None:
        """Decides until it is cancelled; a show under way is then broken off."""
        try:
            while True:
                await self._look()
                await self._pause()
        finally:
            for task in self._busy.values():
                task.cancel()
            if self._busy:
                await asyncio.wait(self._busy.values())

    async def answer(self, answers: Sequence[Told]) -> None:
        """Writes answers. One that another worker has written stays."""
        if not answers:
            return
        rows = await self._store.write("answer_requests", encoded_answers(answers))
        for row in rows:
            meters.ANSWERED.labels(row["state"]).inc()
        if self._notices is not None:
            written = {(row["show_id"], row["ticket_id"]) for row in rows}
            self._notices.tell(one for one in answers if (one.show_id, one.ticket_id) in written)
        self._waiting.answered((one.show_id, one.ticket_id) for one in answers)

    async def _look(self) -> None:
        """Begins with the shows in which something waits, and which are not under way."""
        self._woken.clear()
        try:
            found = await self._store.read("queued_shows", list(self._slices()), bounds.SHOWS_LOOKED_AT)
        except Fault as fault:
            log.warning("requests cannot be looked for", reason=str(fault))
            await asyncio.sleep(bounds.PAUSE_S)
            return
        for row in found:
            show_id = row["show_id"]
            if show_id not in self._busy and len(self._busy) < bounds.SHOWS_AT_ONCE:
                task = asyncio.create_task(self._decide_show(show_id), name=f"requests-{show_id}")
                self._busy[show_id] = task
                task.add_done_callback(lambda _, show_id=show_id: self._done(show_id))  # type: ignore[misc]

    def _done(self, show_id: int) -> None:
        del self._busy[show_id]
        self.wake()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(bounds.LOOK_EVERY_S):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _decide_show(self, show_id: int) -> None:
        """Decides what waits in the show. After a fault the rest waits for the next look."""
        try:
            if not await self._decide_all(show_id):
                await asyncio.sleep(bounds.PAUSE_S)
        except Fault as fault:
            log.warning("requests wait", show=show_id, reason=str(fault))
            await asyncio.sleep(bounds.PAUSE_S)
        except Exception:
            log.exception("requests cannot be decided", show=show_id)
            await asyncio.sleep(bounds.PAUSE_S)

    async def _decide_all(self, show_id: int) -> bool:
        """Whether all that waits was decided. While answers are written, the next requests are decided."""
        after, writing = 0, asyncio.create_task(self.answer([]))
        try:
            while rows := await self._store.read("queued_requests", show_id, after, bounds.DECIDED_AT_ONCE):
                answers = await self._decide(rows)
                await writing
                writing = asyncio.create_task(self.answer(answers))
                if len(answers) < len(rows):
                    return False
                after = rows[-1]["position"]
            return True
        finally:
            await writing

    async def _decide(self, rows: Sequence[asyncpg.Record]) -> list[Told]:
        """The answers. A request whose command failed has none: it is tried again until it is late."""
        outcomes = await asyncio.gather(*map(self._execute, rows), return_exceptions=True)
        answers: list[Told] = []
        for row, outcome in zip(rows, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                log.warning("a request waits", ticket=str(row["ticket_id"]), reason=str(outcome))
            else:
                answers.append(told(self._problems, row, outcome))
        return answers

    async def _execute(self, row: asyncpg.Record) -> Any:
        return await self._engine.execute(command_in(row))


def command_in(row: asyncpg.Record) -> BookSeats:
    """The command of a row that waits."""
    return command_of(row["command"], row["key_hash"], row["answer_by"])
