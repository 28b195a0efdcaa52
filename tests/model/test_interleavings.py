"""Staged races in every order of their steps: each result is that of some serial order of the batches."""

import json
import random
from collections.abc import Sequence
from typing import Final

import pytest

from boxoffice.vocabulary.commands import CreateShow, CreateUser
from tests.model.interleave import LOCK, TICK, Arena, Order, locked_orders, open_arena, orders
from tests.model.scenes import SCENES, SEATS, TICK_S, Place, Scene
from tests.model.sessions import Batch, Told, run
from tests.model.world import Facts, World, facts_of, serial_orders, state_of
from tests.support.engine.box import ACTOR, START, violations

pytestmark = pytest.mark.both_isolations

ORDERS: Final = 6
"""Orders of the steps of two sessions. With a tick at every place there are 30."""

LOCKED_ORDERS: Final = 10
TIMED_ORDERS: Final = 30
ORDERS_OF_THREE: Final = 90

ORDERS_SHORT: Final = 16
"""Orders of a scene that a run of the suite plays at most. These are all orders of two sessions; of longer
scenes a random choice is played. ``make proof`` plays all orders.
"""

ALL_PLAYED: Final = 2 * (
    27 * (ORDERS + LOCKED_ORDERS) + 13 * (TIMED_ORDERS + LOCKED_ORDERS) + 4 * ORDERS_OF_THREE
)
"""The number of interleavings: all orders of all scenes, under both isolations."""


async def set_up(arena: Arena, scene: Scene) -> Place:
    """Make new shows, and run the commands that the scene has before its rivals."""
    await arena.set_clock(0)
    opened = CreateShow(actor=ACTOR, name="Movie", start_time=START, total_seats=SEATS)
    rows = [(await run(arena.observer, [opened]))[0] for _ in range(scene.shows)]
    shows = [json.loads(row["details"])["id"] for row in rows]
    users = [await _user(arena, f"{no}.{shows[0]}@example.com") for no in range(2 * scene.at_desk)]
    place = Place(shows, users or [1])
    for command in scene.before(place):
        await run(arena.observer, [command])
    if scene.late:
        await arena.set_clock(TICK_S)
    return place


async def _user(arena: Arena, email: str) -> int:
    [row] = await run(arena.observer, [CreateUser(actor=ACTOR, name="John", email=email)])
    user: int = json.loads(row["details"])["user"]["id"]
    return user


def truth_of(scene: Scene, place: Place, batches: Sequence[Batch], order: Order) -> Facts:
    """The answers and the state if the batches run one after another in this order."""
    ids = {user: f"{no}.{place.shows[0]}@example.com" for no, user in enumerate(place.users)}
    world = World(dict.fromkeys(place.shows, SEATS), ids if scene.at_desk else {})
    for command in scene.before(place):
        world.run([command])
    if scene.late:
        world.tick(TICK_S)
    answers: dict[int, list[Facts]] = {}
    for who in order:
        if who == TICK:
            world.tick(TICK_S)
        else:
            answers[who] = world.run(batches[who])
    return [answers[who] for who in range(len(batches))], world.state()


def somebody_must_wait(order: Order) -> bool:
    """Whether a batch runs while the bystander, or a session that has not committed yet, has the lock."""
    begun: set[int] = set()
    ended: set[int] = set()
    locked = False
    for who in order:
        if who in (LOCK, TICK):
            locked = who == LOCK
        elif who in begun:
            ended.add(who)
        else:
            if locked or begun - ended:
                return True
            begun.add(who)
    return False


def orders_of(scene: Scene) -> list[Order]:
    """All orders in which a scene is played."""
    if scene.sessions > 2:
        return list(orders(scene.sessions, tick=False))
    return [*orders(2, tick=scene.timed), *locked_orders()]


async def play(arena: Arena, scene: Scene, order: Order) -> list[Told]:
    """Play one interleaving; its result must be that of some serial order."""
    place = await set_up(arena, scene)
    batches = scene.rivals(place)
    told = await arena.play(order, place.shows, batches, TICK_S)
    found = [facts_of(batch, one) for batch, one in zip(batches, told, strict=True)]
    state = await state_of(arena.observer, place.shows, at_desk=scene.at_desk)
    possible = list(serial_orders(told, tick=TICK in order))
    truths = [truth_of(scene, place, batches, serial) for serial in possible]
    assert (found, state) in truths, f"{scene.name} {order}: {told}\n{found}\n{state}\nnot in {truths}"
    return told


def some_orders_of(scene: Scene) -> list[Order]:
    """The orders that a run of the suite plays. A failure names its order."""
    every = orders_of(scene)
    return random.sample(every, min(ORDERS_SHORT, len(every)))


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
async def test_an_interleaving_comes_to_what_some_serial_order_comes_to(
    database: str, isolation: str, scene: Scene
) -> None:
    await play_all(database, isolation, scene, some_orders_of(scene))


@pytest.mark.proof
@pytest.mark.parametrize(
    "scene",
    [scene for scene in SCENES if len(orders_of(scene)) > ORDERS_SHORT],
    ids=lambda scene: scene.name,
)
async def test_every_interleaving_comes_to_what_some_serial_order_comes_to(
    database: str, isolation: str, scene: Scene
) -> None:
    await play_all(database, isolation, scene, orders_of(scene))


async def play_all(database: str, isolation: str, scene: Scene, chosen: Sequence[Order]) -> None:
    """Play each of the orders, all on one database."""
    waited = False
    async with open_arena(database, isolation) as arena:
        await _user(arena, "everybody@example.com")
        for order in chosen:
            told = await play(arena, scene, order)
            waits = any(one.waited for one in told)
            assert waits == somebody_must_wait(order) or scene.at_desk, f"{order}: {told}"
            errors = {error for one in told for error in one.errors}
            assert errors <= allowed_errors(isolation, scene), f"{order}: {told}"
            waited |= waits
        assert await arena.at_work() == 0
    assert waited
    assert await violations(database) == {}


def allowed_errors(isolation: str, scene: Scene) -> set[str]:
    """The errors after which the engine may try again in this scene. A deadlock is never allowed."""
    conflicts = {"SerializationError"} if isolation == "serializable" else set[str]()
    return conflicts | ({"UniqueViolationError"} if scene.at_desk else set())


def test_no_interleaving_is_left_out() -> None:
    assert 2 * sum(len(set(orders_of(scene))) for scene in SCENES) == ALL_PLAYED
    assert len({scene.name for scene in SCENES}) == len(SCENES)
