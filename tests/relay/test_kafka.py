"""How events go to Kafka: what the brokers that the client carries for tests can show of it."""

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer

from boxoffice.feed.leases import slice_of
from boxoffice.relay import kafka
from boxoffice.relay.guarded import GuardedSink
from boxoffice.relay.kafka import KafkaSink
from boxoffice.relay.sinks import SinkAway
from tests.support.brokers.histories import History
from tests.support.brokers.stages import KafkaStage

pytestmark = pytest.mark.parametrize("stage", ["kafka"], indirect=True)


async def test_each_slice_of_a_consumer_has_a_transactional_id_of_its_own(
    stage: KafkaStage, sink: GuardedSink, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The id fences a producer that was stopped: another process with the slice has the same."""
    seen: list[str] = []

    def made(config: dict[str, object]) -> Producer:
        seen.append(str(config["transactional.id"]))
        return Producer(config)

    monkeypatch.setattr(kafka, "Producer", made)
    for _ in range(2):
        await sink.publish([*history.grow(7, 2), *history.grow(23, 2), *history.grow(8, 2)])
    assert slice_of(7) == slice_of(23)
    assert sorted(seen) == ["relay:kafka:7", "relay:kafka:8"]


async def test_a_producer_that_was_fenced_is_given_up(
    stage: KafkaStage, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = await stage.broker(history.fits).connect()
    assert isinstance(sink, KafkaSink)
    await sink.publish(history.grow(7, 1))

    class Fenced:
        """A producer whose id another one has taken since."""

        def begin_transaction(self) -> None:
            raise KafkaException(KafkaError(KafkaError._FENCED, "fenced", fatal=True))

        def abort_transaction(self, _timeout: float) -> None:
            raise KafkaException(KafkaError(KafkaError._FENCED, "fenced", fatal=True))

        def purge(self) -> None:
            """Nothing is under way."""

    sink._producers[7] = Fenced()  # type: ignore[assignment] # the brokers of the tests fence nobody
    rest = history.grow(7, 2)
    with pytest.raises(SinkAway, match="slice 7: _FENCED"):
        await sink.publish(rest)
    await sink.publish(rest)
    await sink.close()
    assert len(await stage.read()) == 3
