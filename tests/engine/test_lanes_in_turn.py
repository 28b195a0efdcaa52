"""Several lanes: a few workers serve them in turn, and a crowd in one lane keeps no quiet lane waiting."""

import asyncio

import pytest

from boxoffice.vocabulary.faults import Overloaded, TimedOut
from tests.support.engine.lanes import Runner, answers, lanes_of, settled, submit


@pytest.fixture
def runner() -> Runner:
    return Runner()


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
    lanes = lanes_of(runner, workers=3, lanes_per_batch_max=1, wait_max_s=0.01)
    first = submit(lanes, "a1")
    await runner.started()
    other, late = submit(lanes, "b1", "a2")
    await runner.started()
    with pytest.raises(TimedOut):
        await late
    runner.let(2)
    await answers(*first, other)
    assert sorted(runner.batches) == [["a1"], ["b1"]]
