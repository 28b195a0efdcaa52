"""A hub and its watchers: who reads slowly is passed over, and gets a difference of its own later."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast

import msgspec
import pytest

from boxoffice.database.store import Store
from boxoffice.feed.events import FeedEvent, Position
from boxoffice.feed.tails import Tail
from boxoffice.live import hub as hubs
from boxoffice.live.frames import Facts
from boxoffice.live.house import House
from boxoffice.live.hub import Hub
from boxoffice.live.pace import TICK_MAX_S, TICK_MIN_S, Pace
from boxoffice.live.request import read_request
from boxoffice.live.settings import LiveSettings
from boxoffice.live.show import LiveShow, Loaded
from boxoffice.live.states import SeatStates
from boxoffice.live.watchers import PollWatcher, StreamWatcher
from boxoffice.vocabulary.faults import Unavailable
from tests.support.engine.eventually import eventually

SHOW: Final = 7
START: Final = datetime(2030, 12, 15, tzinfo=UTC)


def link(seq: int) -> bytes:
    """The link of an event."""
    return bytes([seq % 256] * 32)


def event(seq: int, *places: int, kind: str = "booked", **details: object) -> FeedEvent:
    """An event of the show."""
    return FeedEvent(
        SHOW,
        seq,
        kind,
        1,
        1,
        places,
        "tester",
        START,
        str(details).replace("'", '"'),
        link(seq),
        link(seq - 1),
    )


class Pages:
    """Where events come from: a list of them."""

    def __init__(self) -> None:
        self.events: list[FeedEvent] = []

    async def tail(self, show_id: int, after: Position, limit: int) -> Tail:
        """What follows a position."""
        assert show_id == SHOW
        found = [event for event in self.events if event.seq > after.seq]
        return Tail(found[:limit], more=len(found) > limit)

    async def tails(self, wanted: Mapping[int, Position], limit: int) -> dict[int, Tail]:
        """What follows a position in each show."""
        return {show_id: await self.tail(show_id, at, limit) for show_id, at in wanted.items()}

    def follow(self, *_: Callable[..., None]) -> Callable[[], None]:
        """Nothing changes by itself."""
        return lambda: None


class Line:
    """A connection; ``reads`` False: its buffer is full."""

    def __init__(self) -> None:
        self.reads = True
        self.sent: list[bytes] = []
        self.ended = self.aborted = False

    def send(self, data: bytes) -> bool:
        """Takes bytes, if there is room."""
        if self.reads:
            self.sent.append(data)
        return self.reads

    def end(self, data: bytes) -> None:
        """Ends."""
        self.sent.append(data)
        self.ended = True

    def abort(self) -> None:
        """Breaks off."""
        self.aborted = True


def loaded() -> Loaded:
    """A show of 400 free places after its first event."""
    facts = Facts("Movie", START, 400)
    return Loaded(Position(1, link(1)), facts, SeatStates(bytearray(400)), live=True, closed=None)


def hub_of(pages: Pages, pace: Pace | None = None) -> Hub:
    """A hub of the show."""
    store = cast(Store, None)
    return Hub(LiveShow(SHOW, loaded()), store, pages, pace or Pace(1.0, 1e9), lambda _: None)


def house_of(shows: Mapping[int, Hub]) -> House:
    """A house that follows these shows; any other one was deleted."""
    house = House(LiveSettings(), 1.0)
    house._hubs.update(shows)

    async def begin(show_id: int) -> Hub | None:
        return None

    cast(Any, house)._begin = begin
    return house


async def happens(hub: Hub, pages: Pages, *events: FeedEvent) -> None:
    """Events happen, and the hub has told them."""
    pages.events += events
    hub.wake()

    async def told() -> bool:
        return hub.show.position.seq == pages.events[-1].seq and (hub._task is None or hub._task.done())

    await eventually(told, "the hub goes on")


async def test_all_get_the_same_bytes_once() -> None:
    pages = Pages()
    hub, lines = hub_of(pages), [Line() for _ in range(3)]
    for line in lines:
        await hub.join(StreamWatcher(line), None)
    await happens(hub, pages, event(2, 5), event(3, 6), event(4, 5, kind="cancelled"))
    frames = [line.sent[1] for line in lines]
    assert frames[0].count(b"event:") == 1
    assert b'"taken":[[6,6]],"free":[[5,5]]' in frames[0]
    assert all(frame is frames[0] for frame in frames)


async def test_who_reads_slowly_is_passed_over_and_gets_one_difference_later() -> None:
    pages = Pages()
    hub, slow, quick = hub_of(pages), Line(), Line()
    for line in (slow, quick):
        await hub.join(StreamWatcher(line), None)
    await happens(hub, pages, event(2, 1))
    slow.reads = False
    for seq in range(3, 8):
        await happens(hub, pages, event(seq, seq))
    assert (len(slow.sent), len(quick.sent)) == (2, 7)
    assert hub.catch_up_stale(0.0) == []
    slow.reads = True
    assert hub.catch_up_stale(0.0) == []
    assert len(slow.sent) == 3
    assert b'"seq":7,"after":2,"show_id":7,"taken":[[3,7]]' in slow.sent[2]
    await happens(hub, pages, event(8, 20))
    assert slow.sent[3] is quick.sent[-1]


async def test_who_reads_nothing_for_long_is_given_up() -> None:
    pages = Pages()
    hub, slow = hub_of(pages), Line()
    watcher = StreamWatcher(slow)
    await hub.join(watcher, None)
    slow.reads = False
    await happens(hub, pages, event(2, 1))
    now = asyncio.get_running_loop().time()
    assert hub.catch_up_stale(now + hubs.STALE_MAX_S - 1) == []
    assert hub.catch_up_stale(now + hubs.STALE_MAX_S + 1) == [watcher]


async def test_a_slow_watcher_that_missed_too_many_frames_gets_a_snapshot() -> None:
    pages = Pages()
    hub, slow = hub_of(pages), Line()
    await hub.join(StreamWatcher(slow), None)
    slow.reads = False
    await happens(hub, pages, event(2, 1))
    for _ in range(300):
        hub.show.history.add(hub.show.position, [], of_show=False)
    slow.reads = True
    hub.catch_up_stale(0.0)
    assert slow.sent[1].startswith(b"event: snapshot")


async def test_what_happens_while_a_difference_is_read_is_a_part_of_it() -> None:
    """The watcher is registered first: otherwise the event between history and stream would be lost."""
    pages = Pages()
    hub, line = hub_of(pages), Line()
    await happens(hub, pages, event(2, 1), event(3, 2))
    hub.show.history = type(hub.show.history)(hub.show.position)  # no steps are remembered
    asked, released = Position(2, link(2)), asyncio.Event()
    tail = pages.tail

    async def slowly(show_id: int, after: Position, limit: int) -> Tail:
        found = await tail(show_id, after, limit)
        if after == asked:
            await released.wait()
        return found

    cast(Any, pages).tail = slowly
    joining = asyncio.create_task(hub.join(StreamWatcher(line), asked))
    await eventually(lambda: _true(bool(hub.joining)), "the watcher is known")
    await happens(hub, pages, event(4, 9))
    released.set()
    await joining
    assert b'"seq":4,"after":2,"show_id":7,"taken":[[2,2],[9,9]]' in line.sent[0]


async def test_a_position_in_memory_that_is_older_than_the_map_gives_a_snapshot() -> None:
    pages = Pages()
    hub, line = hub_of(pages), Line()
    await happens(hub, pages, event(2, 1), event(3, 2))
    hub.show.history = type(hub.show.history)(hub.show.position)
    pages.events.pop()  # a reader that has not looked again yet
    await hub.join(StreamWatcher(line), Position(1, link(1)))
    assert line.sent[0].startswith(b"event: snapshot")


async def test_an_event_of_an_unknown_kind_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    pages, again = Pages(), loaded()
    hub, line = hub_of(pages), Line()
    await hub.join(StreamWatcher(line), None)
    again.position, again.states = Position(3, link(3)), SeatStates.of("1" * 400, [])

    async def load(*_: object) -> Loaded:
        return again

    monkeypatch.setattr(hubs, "load", load)
    await happens(hub, pages, event(2, 1), event(3, 2, kind="swapped"))
    assert line.sent[1].startswith(b"event: snapshot")
    assert b'"available":0' in line.sent[1]


async def test_the_clients_of_a_server_that_ends_come_back_at_different_times() -> None:
    house, lines = house_of({SHOW: hub_of(Pages())}), [Line() for _ in range(1_000)]
    async with house.open(Pages(), cast(Store, None)):
        for line in lines:
            house.admit()
            await house.watch(StreamWatcher(line), {SHOW: None})
        await house.goodbye_to_all()
    assert all(line.ended for line in lines)
    byes = {line.sent[-1] for line in lines}
    assert len(byes) == len(lines)
    assert all(b"event: bye" in bye for bye in byes)


def test_the_pace_follows_what_frames_cost() -> None:
    pace = Pace(0.5, 1_000_000)
    assert pace.wait_s(0.0, -9.0) == 0.0
    pace.spend(0.0, 50_000, 10)
    assert pace.wait_s(0.0, 0.0) == pytest.approx(1.1)
    pace.spend(0.0, 100, 100_000)
    assert pace.wait_s(0.0, 0.0) == TICK_MAX_S
    assert pace.wait_s(2.0, 0.0) == TICK_MAX_S - 2.0


def test_the_pace_of_a_crowd_ends_with_the_crowd() -> None:
    pace = Pace(0.5, 1_000_000)
    for second in range(0, 3_600, 5):
        pace.spend(float(second), 1_000_000, 1_000)
    assert pace.wait_s(3_600.0, 3_600.0) <= TICK_MAX_S
    assert pace.wait_s(3_605.0, 3_600.0) == 0.0
    assert pace.wait_s(3_606.0, 3_605.9) == pytest.approx(TICK_MIN_S - 0.1)


async def test_a_show_that_could_not_be_read_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "AGAIN_S", 0.01)
    pages = Pages()
    hub, line, tail, faults = hub_of(pages), Line(), pages.tail, [Unavailable("gone"), Unavailable("gone")]
    await hub.join(StreamWatcher(line), None)

    async def fails(show_id: int, after: Position, limit: int) -> Tail:
        if faults:
            raise faults.pop()
        return await tail(show_id, after, limit)

    cast(Any, pages).tail = fails
    await happens(hub, pages, event(2, 5))
    assert b'"taken":[[5,5]]' in line.sent[1]


@pytest.mark.parametrize("rewound", [False, True])
def test_a_show_that_is_kept_out_by_now_tells_no_states_when_it_is_loaded(rewound: bool) -> None:
    show, again = LiveShow(SHOW, loaded()), loaded()
    again.live = False
    frame = show.load(again, rewound=rewound)
    assert frame.listed == b'{"event":"closed","data":{"show_id":7,"reason":"not_live"}}'


def test_what_happens_together_with_the_keeping_out_is_not_told() -> None:
    frame = LiveShow(SHOW, loaded()).advance([update(2), event(3, 9)])
    assert frame is not None
    assert frame.listed == b'{"event":"closed","data":{"show_id":7,"reason":"not_live"}}'


def update(seq: int) -> FeedEvent:
    """The house keeps the show out."""
    return msgspec.structs.replace(event(seq, kind="show_updated"), details_json='{"live": false}')


async def test_one_show_that_is_over_ends_no_stream_of_several() -> None:
    over, pages = hub_of(Pages()), Pages()
    over.show.closed = "archived"
    house, line = house_of({1: over, SHOW: (hub := hub_of(pages))}), Line()
    await house.watch(StreamWatcher(line), {1: None, SHOW: None})
    assert not line.ended
    await happens(hub, pages, event(2, 5))
    assert b'"taken":[[5,5]]' in line.sent[-1]


async def test_a_stream_whose_last_show_was_deleted_meanwhile_ends() -> None:
    house, line = house_of({}), Line()
    await house.watch(StreamWatcher(line), {SHOW: None})
    assert line.ended


async def test_an_answer_about_one_show_keeps_the_position_of_the_others() -> None:
    pages, answers = Pages(), list[bytes]()
    hub = hub_of(pages)
    await happens(hub, pages, event(2, 1))
    house = house_of({SHOW: hub, 9: hub_of(Pages())})
    watcher = PollWatcher(answers.append, "", named=True)
    await house.watch(watcher, {SHOW: Position(1, link(1)), 9: Position(1, link(1))})
    assert b'"position":"7-2-02020202,9-1-01010101"' in answers[0]


@pytest.mark.parametrize("wait", ["31", "000000000999999", "9" * 5_000, "-1", ""])
def test_a_wait_beyond_the_longest_is_no_request(wait: str) -> None:
    assert read_request("/api/shows/7/live", f"wait={wait}".encode(), None) is None


async def _true(value: bool) -> bool:
    return value
