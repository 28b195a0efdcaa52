"""The last frames of a show, from which the difference for a watcher who was away is made."""

from collections import deque
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from boxoffice.feed.events import Position

STEPS_MAX: Final = 256
"""Frames that are remembered: half a minute of a rush, as long as a telephone in a tunnel is away."""


class Step(Struct, frozen=True):
    """The position of a show after a frame, the places that the frame changed, and whether it told of the
    show itself, too.
    """

    no: int
    position: Position
    places: list[int]
    of_show: bool = False


class Changes(Struct):
    """What has changed since a position: these places, and perhaps the show itself."""

    places: set[int]
    of_show: bool = False


class History:
    """The steps since the map was loaded, the last ``STEPS_MAX`` of them. ``no``: the number of the last."""

    def __init__(self, position: Position, no: int = 0) -> None:
        self._steps: Final = deque([Step(no, position, [])], STEPS_MAX)

    @property
    def no(self) -> int:
        """The number of the last step."""
        return self._steps[-1].no

    def add(self, position: Position, places: list[int], *, of_show: bool) -> None:
        """Notes a step."""
        self._steps.append(Step(self.no + 1, position, places, of_show))

    def find(self, asked: Position) -> int | None:
        """The number of the step after which a show was at this position; None: no step that is known."""
        for step in reversed(self._steps):
            if step.position.seq <= asked.seq:
                fits = step.position.seq == asked.seq and asked.fits(step.position.link)
                return step.no if fits else None
        return None

    def since(self, no: int, places: Iterable[int] = ()) -> Changes | None:
        """What the steps after step ``no`` have changed, and these places; None: that is no longer known."""
        if no < self._steps[0].no:
            return None
        changes = Changes(set(places))
        for step in reversed(self._steps):
            if step.no == no:
                break
            changes.places.update(step.places)
            changes.of_show |= step.of_show
        return changes
