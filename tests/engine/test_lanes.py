"""A lane: commands that wait together run together, each gets its own answer, and none waits without need."""

import asyncio

import pytest

from boxoffice.vocabulary.faults import Overloaded, ShuttingDown, TimedOut
from tests.support.engine.lanes import Runner, answers, busy_lane, lane_of, settled, submit


@pytest.fixture
def runner() -> Runner:
    return Runner()


class Time:
    """The clock of the running event loop, moved by hand, and the alarms that were set on the loop."""

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
    assert await first == "FIRST"  # a command in a batch gets its answer, however long the batch took
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
    assert time.alarms[1] - time.alarms[0] == pytest.approx(4)  # the second command's alarm
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
    assert runner.batches == [["first"]]  # the batch still runs, and no later command overtakes it
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
