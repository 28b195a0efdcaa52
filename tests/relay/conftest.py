"""Real brokers for the tests of the relay, started once for a process of tests, when one needs them."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import pytest

from boxoffice.relay.guarded import GuardedSink
from tests.support.brokers.histories import History
from tests.support.brokers.stages import Stage, staged
from tests.support.engine.fixtures import box as box
from tests.support.engine.fixtures import clock as clock
from tests.support.engine.fixtures import isolation as isolation

KINDS = ("rabbitmq", "nats", "redis", "kafka")


@pytest.fixture(scope="session")
def stages() -> Iterator[dict[str, Stage]]:
    with ExitStack() as stack:
        yield _Started(stack)


class _Started(dict[str, Stage]):
    """Brokers that are started when they are asked for."""

    def __init__(self, stack: ExitStack) -> None:
        super().__init__()
        self._stack = stack

    def __missing__(self, kind: str) -> Stage:
        self[kind] = self._stack.enter_context(staged(kind))
        return self[kind]


@pytest.fixture(params=KINDS)
async def stage(request: pytest.FixtureRequest, stages: dict[str, Stage]) -> Stage:
    """Each broker in turn, empty."""
    stage = stages[request.param]
    await stage.clear()
    return stage


@pytest.fixture
def history() -> History:
    return History()


@pytest.fixture
async def sink(stage: Stage, history: History) -> AsyncIterator[GuardedSink]:
    """The relay's way to the broker."""
    sink = GuardedSink("relay:test", stage.broker(history.fits))
    yield sink
    await sink.close()
