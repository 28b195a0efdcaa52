"""A lane: the messages of one show to one endpoint, in order, until one fails."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from boxoffice.feed.cursors import Cursors, Lease, Move
from boxoffice.feed.events import FeedEvent, Position
from boxoffice.webhooks.ledger import Ledger, Verdict
from boxoffice.webhooks.messages import Message, hint, of_events, pieces
from boxoffice.webhooks.post import Post
from boxoffice.webhooks.sender import Answer
from boxoffice.webhooks.views import Standing, Target


class Parts(NamedTuple):
    """What sending works with. ``source``: the name of this installation in events."""

    ledger: Ledger
    cursors: Cursors
    post: Post
    source: str


class Ran(NamedTuple):
    """How a lane ended. ``answers``: of each message. ``verdict``: what follows the failure of the last one.
    ``is_ours`` False: another process sends the show by now, or an operator has moved the cursor. ``done``:
    the last event that is behind the cursor.
    """

    answers: list[Answer]
    verdict: Verdict | None = None
    is_ours: bool = True
    done: int = 0


class Lane:
    """One run of a lane, from the cursor to the end of what was read.

    ``goes_on`` is asked before each message. The cursor is moved after the answers, so what a crash cuts off
    is sent again under the same ids; it is moved once for a run, not for each message.
    """

    def __init__(
        self,
        parts: Parts,
        target: Target,
        standing: Standing,
        lease: Lease,
        goes_on: Callable[[], bool] = lambda: True,
    ) -> None:
        self._parts: Final = parts
        self._target: Final = target
        self._standing: Final = standing
        self._lease: Final = lease
        self._goes_on: Final = goes_on
        self._done = Position(standing.seq, standing.link)
        self._hole_from = standing.hole_from
        self._answers: list[Answer] = []

    async def tell(self, events: Sequence[FeedEvent], *, probing: bool = False) -> Ran:
        """Sends events in order. ``probing``: one message alone."""
        for piece in pieces(self._target, self._of_one_message(events)):
            if piece.events:
                if not self._goes_on():
                    break
                message = of_events(self._target, piece.events, self._hole_from, self._parts.source)
                answer = await self._send(message)
                if not answer.arrived:
                    return await self._failed(message, answer, probing=probing)
                self._hole_from = None
            self._done = piece.end
            if probing and piece.events:
                break
        return await self._saved()

    async def hint(self, end: Position, *, probing: bool = False) -> Ran:
        """Sends a hint with the last event, whatever happened before it."""
        if not self._goes_on():
            return await self._saved()
        after = self._standing.seq
        previous = after if self._hole_from is None else self._hole_from
        message = hint(self._standing.show_id, after, end, previous)
        answer = await self._send(message)
        if not answer.arrived:
            return await self._failed(message, answer, probing=probing)
        self._done = end
        return await self._saved()

    def _of_one_message(self, events: Sequence[FeedEvent]) -> Sequence[FeedEvent]:
        """A batch that has failed is sent again as it was, so that it has the same id and body."""
        failed, last = self._standing.failed_seq, self._standing.failed_last_seq
        if self._target.mode != "batch" or failed is None or last is None or failed <= self._standing.seq:
            return events
        return [event for event in events if event.seq <= last]

    async def _send(self, message: Message) -> Answer:
        target = self._target
        answer = await self._parts.post.send(
            target.url, target.endpoint_id, target.generation, message, signs_old=target.signs_old
        )
        self._answers.append(answer)
        return answer

    async def _saved(self) -> Ran:
        """Moves the cursor to what has arrived. What was in trouble is settled before: a crash in between
        sends a message again, and never says of a hole what is not so.
        """
        standing, show_id = self._standing, self._standing.show_id
        if standing.in_trouble and any(answer.arrived for answer in self._answers):
            await self._parts.ledger.lane_is_clear(show_id, self._target.endpoint_id, self._done.seq)
        if self._done.seq == standing.seq:
            return Ran(self._answers, done=self._done.seq)
        moves = {show_id: Move(standing.seq, self._done)}
        moved = await self._parts.cursors.move([self._lease], self._target.consumer, moves)
        return Ran(self._answers, is_ours=show_id in moved, done=self._done.seq)

    async def _failed(self, message: Message, answer: Answer, *, probing: bool) -> Ran:
        saved = await self._saved()
        if not saved.is_ours:
            return saved
        acknowledged = message.first - 1 if self._hole_from is None else self._hole_from
        verdict = await self._parts.ledger.lane_failed(
            self._target.endpoint_id,
            self._lease,
            self._done.seq,
            message,
            acknowledged,
            answer,
            probing=probing,
        )
        return Ran(self._answers, verdict, is_ours=verdict != "lost")
