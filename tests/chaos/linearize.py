"""The search for an order of operations on one object that the object's rules allow.

This is Wing and Gong's search (1993) in Lowe's form (2017). It walks along the history and keeps all
situations that the object can be in, each with the operations under way that have taken effect already. When
an operation ends, it must have taken effect. The rules know the clock: each effect has a moment between the
operation's begin and end, and moments never go back. Of the possible moments the earliest is kept, because it
leaves the most room.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, Final, Generic, NamedTuple, TypeVar

from msgspec import Struct

S = TypeVar("S", bound=Hashable)

NEVER: Final = 2**62
"""The end of an operation that may take effect at any time, or never: a moment and an order."""

AT_THE_END: Final = 2**61
"""The order of the end of an operation that must have happened at an unknown time."""

AFTER_ALL: Final = AT_THE_END + 1
"""The order of the reads after the last operation."""

Step = Callable[[S, "Action", int], "tuple[S, int] | None"]
"""The rules of an object. Called with a state, an action and a moment, a step returns the new state and the
action's moment, which is the earliest possible one from the given moment on; None if the rules do not allow
the action."""


class Action(Struct, frozen=True, eq=False):
    """An operation on one object. An action without an end may never have happened.

    ``reads``: the action changes nothing. ``ends_us``: the moment at which the state that the action makes
    ends.
    """

    verb: str
    facts: tuple[Any, ...]
    operation: int
    began_us: int
    began_order: int
    ended_us: int = NEVER
    ended_order: int = NEVER
    reads: bool = False
    ends_us: int = NEVER


class Verdict(NamedTuple, Generic[S]):
    """``stuck_at``: the action that no order explains. ``states``: the possible states before the action."""

    stuck_at: Action | None
    states: list[S]
    undecided: bool
    steps: int


class _TooMany(Exception):
    """The search took more steps than ``steps_max``."""


class Search(Generic[S]):
    """The search over one object's actions. ``boundary``: the moment at which a state ends by itself."""

    def __init__(
        self, initial: S, step: "Step[S]", boundary: Callable[[S], int], *, steps_max: int = 500_000
    ) -> None:
        self._step = step
        self._boundary = boundary
        self._steps_left = self._steps_max = steps_max
        self._open: dict[int, Action] = {}  # the actions under way, by bit
        self._latest_us = NEVER  # effects are searched up to here
        self._situations: dict[tuple[S, int], int] = {(initial, 0): 0}

    def run(self, actions: Sequence[Action]) -> "Verdict[S]":
        """The verdict on the actions, given in any order."""
        bits: dict[int, int] = {}
        for begins, index in _moments(actions):
            action = actions[index]
            if begins:
                bits[index] = self._free_bit()
                self._open[bits[index]] = action
                continue
            try:
                reached = self._finish(bits[index], action)
            except _TooMany:
                return Verdict(None, [], True, self._steps_max)
            if not reached:
                states = list(dict.fromkeys(state for state, _ in self._situations))
                return Verdict(action, states, False, self._steps_max - self._steps_left)
            self._situations = reached
            del self._open[bits[index]]
        return Verdict(None, [], False, self._steps_max - self._steps_left)

    def _free_bit(self) -> int:
        bit = 1
        while bit in self._open:
            bit <<= 1
        return bit

    def _finish(self, wanted: int, last: Action) -> dict[tuple[S, int], int]:
        """The situations in which the action that ends now has taken effect."""
        self._latest_us = last.ended_us
        reached: dict[tuple[S, int], int] = {}
        seen: dict[tuple[S, int], int] = {}
        todo = [(state, done, moment) for (state, done), moment in self._situations.items()]
        while todo:
            state, done, moment = todo.pop()
            done, moment = self._read_now(state, done, moment)
            if seen.get((state, done), NEVER) <= moment:
                continue
            seen[state, done] = moment
            if done & wanted:
                key = (state, done & ~wanted)
                reached[key] = min(moment, reached.get(key, NEVER))
                continue
            todo += self._next(state, done, moment)
        return reached

    def _next(self, state: S, done: int, moment: int) -> Iterator[tuple[S, int, int]]:
        for bit, action in self._open.items():
            if done & bit:
                continue
            if (after := self._try(state, action, moment)) is not None:
                yield after[0], done | bit, after[1]

    def _try(self, state: S, action: Action, moment: int) -> tuple[S, int] | None:
        self._steps_left -= 1
        if self._steps_left < 0:
            raise _TooMany
        after = self._step(state, action, max(moment, action.began_us))
        return after if after is not None and after[1] <= self._latest_us else None

    def _read_now(self, state: S, done: int, moment: int) -> tuple[int, int]:
        """Let the reads that fit take place now. That takes no room from other actions, unless a moment at
        which a state ends would be passed.
        """
        ends = [self._boundary(state), *(a.ends_us for bit, a in self._open.items() if not done & bit)]
        for bit, action in sorted(self._open.items(), key=lambda item: item[1].began_us):
            if done & bit or not action.reads:
                continue
            after = self._try(state, action, moment)
            if after is not None and not any(moment < end <= after[1] for end in ends):
                done, moment = done | bit, after[1]
        return done, moment


def _moments(actions: Sequence[Action]) -> Iterator[tuple[bool, int]]:
    """All beginnings and ends in their order. An action without an end has only its beginning."""
    events = [(action.began_order, True, index) for index, action in enumerate(actions)]
    events += [
        (action.ended_order, False, index)
        for index, action in enumerate(actions)
        if action.ended_order < NEVER
    ]
    for _, begins, index in sorted(events):
        yield begins, index
