"""The answers about live seats, as they are described."""

from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from boxoffice.live.frames import Closed, Reset, Seats, ShowChanged, Snapshot
from boxoffice.web.http.answers import Answer


class SeatMapStates(Struct, kw_only=True):
    """The state of each place. ``position`` goes into ``after`` of the live seats, to go on from here.

    ``states``: in base64, two bits a place, from the lowest bits of the first byte on. 0 free, 1 taken, 2
    blocked by the house, 3 free but not for you.
    """

    show_id: int
    seq: int
    position: str
    total_seats: int
    available: int
    states: str


class SeatStatesAnswer(Answer[SeatMapStates]):
    """The state of each place of a show."""


class SnapshotTold(Struct, tag_field="event", tag="snapshot"):
    """All of the show: forget what you had."""

    data: Snapshot


class SeatsTold(Struct, tag_field="event", tag="seats"):
    """Places have changed."""

    data: Seats


class ShowTold(Struct, tag_field="event", tag="show"):
    """The show has changed."""

    data: ShowChanged


class ClosedTold(Struct, tag_field="event", tag="closed"):
    """Nothing more is told of the show."""

    data: Closed


class ResetTold(Struct, tag_field="event", tag="reset"):
    """What you have is not of this history."""

    data: Reset


class LiveEvents(Struct):
    """What has happened since ``after``, in order. ``position``: the next ``after``."""

    position: str
    events: list[SnapshotTold | SeatsTold | ShowTold | ClosedTold | ResetTold]


class LiveEventsAnswer(Answer[LiveEvents]):
    """The events of live seats, for clients that wait for them in the place of a stream."""


STATES: Final = SeatMapStates(
    show_id=1, seq=17, position="17-9f3ac01b", total_seats=8, available=5, states="FQA="
)
"""Places 1, 2 and 3 of eight are taken."""

EVENTS: Final = LiveEvents(
    "17-9f3ac01b",
    [
        SnapshotTold(
            Snapshot(
                seq=17,
                show_id=1,
                name="Movie XYZ",
                start_time=datetime(2030, 12, 15, 18, 30, tzinfo=UTC),
                total_seats=8,
                available=5,
                states=STATES.states,
            )
        )
    ],
)

STREAM: Final = (
    "retry: 2718\n\n"
    'event: snapshot\ndata: {"seq":17,"show_id":1,"name":"Movie XYZ","start_time":"2030-12-15T18:30:00Z",'
    '"total_seats":8,"available":5,"states":"FQA="}\nid: 17-9f3ac01b\n\n'
    'event: seats\ndata: {"seq":18,"after":17,"show_id":1,"taken":[[4,5]],"free":[],"blocked":[],'
    '"available":3}\nid: 18-0c5d2e77\n\n'
)
