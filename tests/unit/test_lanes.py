"""A lane: what waits together runs together, each gets its own answer, and nobody waits for nothing."""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import pytest

from boxoffice.faults import Overloaded, ShuttingDown, TimedOut
from boxoffice.lanes import Bounds, Lanes


class Runner:
    """A batch runner that answers each command with its upper case, when it is let."""

    def __init__(self, *, waits: bool = True) -> None:
        self.batches: list[list[str]] = []
        self.fault: Exception | None = None
        self._started = asyncio.Semaphore(0)
        self._turns = asyncio.Semaphore(0 if waits else 1000)

    async def __call__(self, commands: Sequence[str]) -> list[str | Exception]:
        self.batches.append(list(commands))
        self._started.release()
        await self._turns.acquire()
        if self.fault is not None:
            raise self.fault
        return [ValueError(c) if c == "bad" else c.upper() for c in commands]

    async def started(self) -> None:
        """Returns when one more batch runs."""
        await self._started.acquire()

    def let(self, batches: int = 1) -> None:
        """Lets batches end."""
        for _ in range(batches):
            self._turns.release()


@pytest.fixture
def runner() -> Runner:
    return Runner()


def lane_of(
    runner: Runner,
    *,
    queue_max: int = 100,
    batch_max: int = 100,
    wait_max_s: float = 1000,
    apart: Callable[[str], Hashable | None] = lambda _: None,
) -> Lanes[str, str]:
    """One lane, one worker."""
    bounds = Bounds(
        lane_max=queue_max,
        all_lanes_max=queue_max,
        batch_max=batch_max,
        alone_from=batch_max,
        lanes_per_batch_max=1,
        answers_at_once=2,
        wait_max_s=wait_max_s,
    )
    return Lanes(runner, bounds, workers=1, lane_of=lambda _: None, apart=apart)


def submit(lane: Lanes[str, str], *commands: str) -> list[asyncio.Task[str]]:
    return [asyncio.create_task(lane.submit(command)) for command in commands]


async def busy_lane(runner: Runner, lane: Lanes[str, str]) -> asyncio.Task[str]:
    """The command "first", which runs alone until it is let."""
    [first] = submit(lane, "first")
    await runner.started()
    return first


async def settled(lane: Lanes[str, str], waiting: int) -> None:
    """Gives the submitting tasks their turn of the loop, after which so many wait."""
    await asyncio.sleep(0)
    assert len(lane) == waiting


async def answers(*tasks: asyncio.Task[str]) -> list[str]:
    return [await task for task in tasks]


class Time:
    """The time of the running loop, and the alarms that were set by it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.alarms: list[float] = []
        loop = asyncio.get_running_loop()
        real = loop.time()

        def call_at(when: float, *_args: object, **_kwargs: object) -> asyncio.TimerHandle:
            self.alarms.append(when)
            return asyncio.TimerHandle(real, lambda: None, (), loop)

        monkeypatch.setattr(loop, "time", lambda: real + self.now)
        monkeypatch.setattr(loop, "call_at", call_at)


async def test_a_lone_command_runs_at_once_without_a_timer(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = Time(monkeypatch)
    lane = lane_of(runner)
    first = await busy_lane(runner, lane)
    runner.let()
    assert await first == "FIRST"
    assert (runner.batches, time.alarms) == ([["first"]], [])


async def test_what_comes_while_a_batch_runs_is_the_next_batch_in_order(runner: Runner) -> None:
    lane = lane_of(runner)
    first = await busy_lane(runner, lane)
    others = submit(lane, "b", "a", "c")
    await settled(lane, 3)
    runner.let(2)
    assert await answers(first, *others) == ["FIRST", "B", "A", "C"]
    assert runner.batches == [["first"], ["b", "a", "c"]]


async def test_a_batch_has_batch_max_commands_at_most(runner: Runner) -> None:
    lane = lane_of(runner, batch_max=2)
    first = await busy_lane(runner, lane)
    others = submit(lane, "a", "b", "c", "d", "e")
    await settled(lane, 5)
    runner.let(4)
    await answers(first, *others)
    assert runner.batches == [["first"], ["a", "b"], ["c", "d"], ["e"]]


async def test_a_full_queue_refuses_at_once(runner: Runner) -> None:
    lane = lane_of(runner, queue_max=2)
    first = await busy_lane(runner, lane)
    others = submit(lane, "a", "b")
    await settled(lane, 2)
    with pytest.raises(Overloaded, match="2 commands are waiting"):
        await lane.submit("c")
    runner.let(2)
    assert await answers(first, *others) == ["FIRST", "A", "B"]


async def test_a_command_that_waits_too_long_is_given_up_and_never_run(runner: Runner) -> None:
    lane = lane_of(runner, wait_max_s=0.01)
    first = await busy_lane(runner, lane)
    with pytest.raises(TimedOut, match=r"0\.01 s"):
        await lane.submit("late")
    runner.let()
    assert await first == "FIRST"  # in a batch, it gets its true answer however long that took
    await lane.stop()
    assert runner.batches == [["first"]]


async def test_each_command_is_given_up_at_its_own_time(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane = lane_of(runner, wait_max_s=10)
    first = await busy_lane(runner, lane)
    time = Time(monkeypatch)
    [early] = submit(lane, "early")
    await settled(lane, 1)
    time.now = 4
    [late] = submit(lane, "late")
    await settled(lane, 2)
    time.now = 10
    lane._give_up_late()
    with pytest.raises(TimedOut):
        await early
    assert time.alarms[1] - time.alarms[0] == pytest.approx(4)  # the alarm of the other
    runner.let(2)
    assert await answers(first, late) == ["FIRST", "LATE"]


async def test_a_fault_of_the_runner_is_that_of_its_batch_alone(runner: Runner) -> None:
    lane = lane_of(runner)
    first = await busy_lane(runner, lane)
    others = submit(lane, "a", "b")
    await settled(lane, 2)
    runner.fault = OSError("broken")
    runner.let()
    with pytest.raises(OSError, match="broken"):
        await first
    runner.fault = None
    runner.let()
    assert await answers(*others) == ["A", "B"]


async def test_a_faulty_command_does_not_fail_the_others(runner: Runner) -> None:
    lane = lane_of(runner)
    first = await busy_lane(runner, lane)
    others = submit(lane, "a", "bad", "b")
    await settled(lane, 3)
    runner.let(2)
    good, bad, other = await asyncio.gather(*others, return_exceptions=True)
    assert (await first, good, other) == ("FIRST", "A", "B")
    assert isinstance(bad, ValueError)


async def test_a_caller_who_leaves_the_queue_withdraws_the_command(runner: Runner) -> None:
    lane = lane_of(runner)
    first = await busy_lane(runner, lane)
    stays, leaves = submit(lane, "stays", "leaves")
    await settled(lane, 2)
    leaves.cancel()
    runner.let(2)
    assert await answers(first, stays) == ["FIRST", "STAYS"]
    assert runner.batches == [["first"], ["stays"]]


async def test_a_caller_who_leaves_a_batch_withdraws_nothing(runner: Runner) -> None:
    lane = lane_of(runner)
    first = await busy_lane(runner, lane)
    first.cancel()
    [other] = submit(lane, "other")
    await settled(lane, 1)
    assert runner.batches == [["first"]]  # it still runs, and nothing overtakes it
    runner.let(2)
    assert await other == "OTHER"
    assert runner.batches == [["first"], ["other"]]


async def test_stop_answers_what_is_in_the_lane_and_takes_no_more(runner: Runner) -> None:
    lane = lane_of(runner, batch_max=1)
    first = await busy_lane(runner, lane)
    [second] = submit(lane, "second")
    await settled(lane, 1)
    stopping = asyncio.create_task(lane.stop())
    await asyncio.sleep(0)
    with pytest.raises(ShuttingDown):
        await lane.submit("third")
    assert not stopping.done()
    runner.let(2)
    await stopping
    assert (first.result(), second.result()) == ("FIRST", "SECOND")


async def test_an_idle_lane_stops_at_once_and_works_after_a_pause() -> None:
    runner = Runner(waits=False)
    lane = lane_of(runner)
    assert [await lane.submit("a"), await lane.submit("b")] == ["A", "B"]
    await lane.stop()
    assert runner.batches == [["a"], ["b"]]


async def test_what_must_stay_apart_is_never_in_one_batch_and_keeps_its_order(runner: Runner) -> None:
    lane = lane_of(runner, apart=lambda command: command[0] if command[0] in "xy" else None)
    first = await busy_lane(runner, lane)
    others = submit(lane, "x1", "a", "x2", "y1", "x3", "b", "y2")
    await settled(lane, 7)
    runner.let(5)
    await answers(first, *others)
    assert runner.batches == [["first"], ["x1", "a", "y1", "b"], ["x2", "y2"], ["x3"]]


def lanes_of(
    runner: Runner, *, workers: int, apart: Callable[[str], Hashable | None] = lambda _: None, **bounds: float
) -> Lanes[str, str]:
    """A lane for each first letter."""
    given: dict[str, Any] = {
        "lane_max": 100,
        "all_lanes_max": 200,
        "batch_max": 100,
        "alone_from": 3,
        "lanes_per_batch_max": 9,
        "answers_at_once": 2,
        "wait_max_s": 1000,
    }
    return Lanes(
        runner,
        Bounds(**(given | bounds)),
        workers=workers,
        lane_of=lambda command: command[0],
        apart=apart,
    )


async def test_a_stuck_lane_does_not_stop_another(runner: Runner) -> None:
    lanes = lanes_of(runner, workers=2)
    stuck = submit(lanes, "a1")
    await runner.started()
    other = submit(lanes, "b1")
    await runner.started()
    assert runner.batches == [["a1"], ["b1"]]
    runner.let(2)
    await answers(*stuck, *other)


async def test_a_lane_has_one_batch_under_way_however_many_workers_are_idle(runner: Runner) -> None:
    lanes = lanes_of(runner, workers=4)
    first = submit(lanes, "a1")
    await runner.started()
    others = submit(lanes, "a2", "a3")
    await settled(lanes, 2)
    assert runner.batches == [["a1"]]
    runner.let(2)
    await answers(*first, *others)
    assert runner.batches == [["a1"], ["a2", "a3"]]


async def test_lanes_with_few_commands_share_a_batch_and_a_crowd_has_its_own(runner: Runner) -> None:
    lanes = lanes_of(runner, workers=1)
    first = submit(lanes, "x1")
    await runner.started()
    crowd = [f"a{number}" for number in range(5)]
    others = submit(lanes, *crowd, "b1", "c1", "b2")
    await settled(lanes, 8)
    runner.let(3)
    await answers(*first, *others)
    assert runner.batches == [["x1"], crowd, ["b1", "b2", "c1"]]


async def test_a_crowd_that_is_passed_over_keeps_its_turn(runner: Runner) -> None:
    lanes = lanes_of(runner, workers=1)
    first = submit(lanes, "x1")
    await runner.started()
    crowd = [f"a{number}" for number in range(5)]
    others = submit(lanes, "b1", *crowd, "c1")
    await settled(lanes, 7)
    runner.let(3)
    await answers(*first, *others)
    assert runner.batches == [["x1"], ["b1", "c1"], crowd]


async def test_a_crowd_does_not_keep_a_quiet_lane_waiting_for_all_of_it(runner: Runner) -> None:
    lanes = lanes_of(runner, workers=1, batch_max=5)
    crowd = [f"a{number}" for number in range(20)]
    others = submit(lanes, *crowd)
    await runner.started()
    quiet = submit(lanes, "q1")
    await asyncio.sleep(0)
    runner.let(6)
    await answers(*others, *quiet)
    assert ["q1"] in runner.batches[:3]


async def test_so_many_lanes_share_a_batch_and_no_more(runner: Runner) -> None:
    lanes = lanes_of(runner, workers=1, lanes_per_batch_max=2)
    first = submit(lanes, "x1")
    await runner.started()
    others = submit(lanes, "a1", "b1", "c1")
    await settled(lanes, 3)
    runner.let(3)
    await answers(*first, *others)
    assert runner.batches == [["x1"], ["a1", "b1"], ["c1"]]


async def test_an_idle_worker_takes_what_a_batch_left(runner: Runner) -> None:
    lanes = lanes_of(runner, workers=2, lanes_per_batch_max=1)
    blocking = submit(lanes, "x1", "y1")
    await runner.started()
    await runner.started()
    others = submit(lanes, "a1", "b1")
    await settled(lanes, 2)
    runner.let(2)
    await runner.started()
    await runner.started()
    assert sorted(c for batch in runner.batches[2:] for c in batch) == ["a1", "b1"]
    runner.let(2)
    await answers(*blocking, *others)


async def test_a_full_lane_refuses_and_the_others_do_not(runner: Runner) -> None:
    lanes = lanes_of(runner, workers=1, lane_max=1, all_lanes_max=2)
    first = submit(lanes, "x1")
    await runner.started()
    others = submit(lanes, "a1")
    await settled(lanes, 1)
    with pytest.raises(Overloaded):
        await lanes.submit("a2")
    others += submit(lanes, "b1")
    await settled(lanes, 2)
    with pytest.raises(Overloaded):
        await lanes.submit("c1")
    runner.let(2)
    await answers(*first, *others)


async def test_a_lane_that_was_given_up_can_be_used_again(runner: Runner) -> None:
    lanes = lanes_of(runner, workers=1)
    first = submit(lanes, "x1")
    await runner.started()
    [gone] = submit(lanes, "a1")
    await settled(lanes, 1)
    gone.cancel()
    await asyncio.sleep(0)
    lanes._give_up_late()
    assert len(lanes) == 0
    others = submit(lanes, "a2")
    await settled(lanes, 1)
    runner.let(2)
    await answers(*first, *others)
    assert runner.batches == [["x1"], ["a2"]]


async def test_what_must_stay_apart_stays_apart_in_a_lane_that_was_given_up(runner: Runner) -> None:
    lanes = lanes_of(runner, workers=1, apart=lambda command: command)
    first = submit(lanes, "x1")
    await runner.started()
    [gone] = submit(lanes, "a1")
    await settled(lanes, 1)
    gone.cancel()
    await asyncio.sleep(0)
    lanes._give_up_late()
    others = submit(lanes, "a2", "a2")
    await settled(lanes, 2)
    runner.let(3)
    await answers(*first, *others)
    assert runner.batches == [["x1"], ["a2"], ["a2"]]


async def test_a_command_behind_a_running_batch_is_given_up_in_time_whatever_came_with_it(
    runner: Runner,
) -> None:
    bounds = Bounds(
        lane_max=9,
        all_lanes_max=9,
        batch_max=9,
        alone_from=9,
        lanes_per_batch_max=1,
        answers_at_once=9,
        wait_max_s=0.01,
    )
    lanes: Lanes[str, str] = Lanes(runner, bounds, workers=3, lane_of=lambda command: command[0])
    first = submit(lanes, "a1")
    await runner.started()
    other, late = submit(lanes, "b1", "a2")
    await runner.started()
    with pytest.raises(TimedOut):
        await late
    runner.let(2)
    await answers(*first, other)
    assert sorted(runner.batches) == [["a1"], ["b1"]]
