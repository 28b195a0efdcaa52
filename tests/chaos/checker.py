"""The judge of a history: is there an order of its operations in which all promises are kept?

Each seat and each booking is judged by itself, which is enough: a history is linearizable if the history of
each object is (Herlihy and Wing 1990). Promises about several objects are checked in ``books``.
"""

from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar

from msgspec import Struct

from tests.chaos import lives, seats
from tests.chaos.books import broken_promises
from tests.chaos.effects import effects_of
from tests.chaos.history import History, Operation, describe
from tests.chaos.linearize import NEVER, Action, Search, Step, Verdict
from tests.chaos.sightings import Sightings

S = TypeVar("S", bound=Hashable)

STORY_ACTIONS: Final = 8
"""How many actions before the one that no order explains are shown with it."""


class Judgement(Struct):
    """``violations``: a sentence for each broken promise. ``undecided``: objects with too long a search."""

    violations: list[str]
    seats: int
    bookings: int
    undecided: int
    steps: int


class _Judge:
    """A judge of one object after another, which counts what it does."""

    def __init__(self, history: History, steps_max: int) -> None:
        self._operations = {operation.number: operation for operation in history.operations}
        self._steps_max = steps_max
        self.judgement = Judgement([], 0, 0, 0, 0)

    def look(
        self,
        name: str,
        initial: S,
        rules: "tuple[Step[S], Callable[[S], int]]",
        actions: list[Action],
    ) -> None:
        """Judge one object by its rules: ``step``, and ``boundary``, the end that a state has by itself."""
        verdict = Search(initial, *rules, steps_max=self._steps_max).run(actions)
        self.judgement.steps += verdict.steps
        if verdict.undecided:
            self.judgement.undecided += 1
            self.judgement.violations.append(f"{name}: undecided after {verdict.steps} steps")
        elif verdict.stuck_at is not None:
            self.judgement.violations.append(self._sentence(name, verdict, actions))

    def _sentence(self, name: str, verdict: "Verdict[Any]", actions: list[Action]) -> str:
        stuck = verdict.stuck_at
        assert stuck is not None
        before = sorted(
            (a for a in actions if a is not stuck and a.began_order < stuck.ended_order),
            key=lambda a: min(a.ended_order, stuck.ended_order),
        )
        story = "; ".join(self._told(action) for action in before[-STORY_ACTIONS:])
        return (
            f"{name}: no order explains {self._told(stuck)}. Until then it may have been "
            f"{' or '.join(map(_in_words, verdict.states))}. Before and beside it: {story}"
        )

    def _told(self, action: Action) -> str:
        operation: Operation | None = self._operations.get(action.operation)
        who = describe(operation) if operation else "the final list"
        facts = " ".join(_in_words(fact) for fact in action.facts if not isinstance(fact, bool))
        return f"'{action.verb} {facts}' of {who}".replace(" '", "'")


def check(history: History, *, steps_max: int = 500_000) -> Judgement:
    """Judge the history. ``steps_max``: the longest search for each seat and each booking."""
    effects = effects_of(history)
    judge = _Judge(history, steps_max)
    judge.judgement.violations.extend(broken_promises(history, effects))
    totals = {show.id: show.total for show in history.shows}
    for (show, number), actions in sorted(Sightings(history, effects).actions.items()):
        initial = seats.FREE if number <= totals[show] else seats.ABSENT
        judge.look(f"show {show} seat {number}", initial, (seats.step, seats.boundary), actions)
        judge.judgement.seats += 1
    for booking, actions in sorted(lives.Lives(history, effects).actions.items()):
        judge.look(f"booking {booking}", lives.NOT_MADE, (lives.step, lives.boundary), actions)
        judge.judgement.bookings += 1
    return judge.judgement


def _in_words(fact: object) -> str:
    if isinstance(fact, tuple):
        return " ".join(_in_words(part) for part in fact if part not in (NEVER, 0))
    return "for good" if fact == NEVER else str(fact)
