"""Letters: events that are sent out of the order of their show."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from boxoffice.feed.events import START, FeedEvent, Position
from boxoffice.feed.reader import FeedReader
from boxoffice.webhooks import limits
from boxoffice.webhooks.lanes import Parts, Ran
from boxoffice.webhooks.messages import Message, Piece, hint, of_events, pieces
from boxoffice.webhooks.sender import Answer
from boxoffice.webhooks.views import DueLetter, Target

_REWOUND: Final = Answer(trouble="rewound")


class LetterRun:
    """One run of a letter: its events in order until one fails, in the messages that its show would send."""

    def __init__(
        self,
        parts: Parts,
        reader: FeedReader,
        target: Target,
        letter: DueLetter,
        goes_on: Callable[[], bool] = lambda: True,
    ) -> None:
        self._parts: Final = parts
        self._reader: Final = reader
        self._target: Final = target
        self._letter: Final = letter
        self._goes_on: Final = goes_on
        self._answers: list[Answer] = []

    async def send(self, *, probing: bool = False) -> Ran:
        """Sends the letter. If its events are not in the history any more, it is dropped, and an attempt says
        so.
        """
        letter = self._letter
        at = START if letter.seq == 1 else Position(letter.seq - 1, letter.prior or b"")
        while at.seq < letter.last_seq and self._goes_on():
            events = await self._events_after(at)
            if not events:
                return await self._dropped()
            failed = await self._part(events, at, probing=probing)
            if failed is not None or probing:
                return failed or Ran(self._answers)
            at = events[-1].position
        return Ran(self._answers)

    async def _events_after(self, at: Position) -> Sequence[FeedEvent]:
        """The next events of the letter; none if the history is another one by now."""
        limit = min(limits.TAIL_EVENTS, self._letter.last_seq - at.seq)
        tail = await self._reader.tail(self._letter.show_id, at, limit)
        events = [event for event in tail.events if event.seq <= self._letter.last_seq]
        rewound = any(e.seq == self._letter.last_seq and e.link != self._letter.link for e in events)
        return () if rewound else events

    async def _part(self, events: Sequence[FeedEvent], at: Position, *, probing: bool) -> Ran | None:
        """Sends some events; what comes of it if one message does not arrive."""
        done = at.seq
        for piece in self._pieces(events):
            if piece.events:
                if not self._goes_on():
                    break
                message = self._message(piece, at.seq)
                answer = await self._sent(message)
                if not answer.arrived:
                    await self._note_arrived(at.seq, done)
                    return await self._failed(message, done + 1, answer, probing=probing)
            done = piece.end.seq
            if probing and piece.events:
                break
        await self._note_arrived(at.seq, done)
        return None

    def _message(self, piece: Piece, after: int) -> Message:
        if self._target.mode == "hint":
            return hint(self._letter.show_id, after, piece.end, after)
        return of_events(self._target, piece.events, None, self._parts.source)

    async def _sent(self, message: Message) -> Answer:
        target, letter = self._target, self._letter
        answer = await self._parts.post.send(
            target.url, target.endpoint_id, target.generation, message, signs_old=target.signs_old
        )
        self._answers.append(answer)
        if answer.arrived and letter.cause != "replay":
            await self._parts.ledger.note_attempt(letter.show_id, target.endpoint_id, message.id, answer)
        return answer

    async def _note_arrived(self, before: int, done: int) -> None:
        if done > before:
            await self._parts.ledger.letter_arrived(self._letter, done)

    async def _failed(self, message: Message, seq: int, answer: Answer, *, probing: bool) -> Ran:
        verdict = await self._parts.ledger.letter_failed(
            self._letter, seq, message.id, answer, probing=probing
        )
        return Ran(self._answers, verdict, is_ours=verdict != "lost")

    def _pieces(self, events: Sequence[FeedEvent]) -> Iterable[Piece]:
        if self._target.mode == "hint":
            return [Piece(list(events), events[-1].position)]
        return pieces(self._target, events)

    async def _dropped(self) -> Ran:
        letter = self._letter
        message_id = f"{letter.show_id}-{letter.last_seq}-{letter.link[:4].hex()}"
        await self._parts.ledger.note_attempt(letter.show_id, letter.endpoint_id, message_id, _REWOUND)
        await self._parts.ledger.letter_arrived(letter, letter.last_seq)
        return Ran(self._answers)
