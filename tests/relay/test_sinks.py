"""What every broker gets: all messages, each acknowledged, in order per show, the same at any time."""

import msgspec

from boxoffice.relay.guarded import GuardedSink
from boxoffice.relay.sinks import Message
from tests.support.brokers.histories import History
from tests.support.brokers.stages import Got, Stage


def got_of(messages: list[Message]) -> list[Got]:
    return [Got(message.show_id, message.id, message.body) for message in messages]


def of_show(got: list[Got], show_id: int) -> list[Got]:
    return [one for one in got if one.show_id == show_id]


async def test_a_broker_has_all_messages_in_order_when_publish_returns(
    stage: Stage, sink: GuardedSink, history: History
) -> None:
    sent = {show_id: history.grow(show_id, 60) for show_id in (7, 8, 23)}
    await sink.publish([message for messages in sent.values() for message in messages])
    sent[7] += history.grow(7, 300)
    await sink.publish(sent[7][60:])
    got = await stage.read()
    assert len(got) == 480
    for show_id, messages in sent.items():
        assert of_show(got, show_id) == got_of(messages)


async def test_a_new_connection_goes_on_where_the_old_one_ended(
    stage: Stage, sink: GuardedSink, history: History
) -> None:
    first = history.grow(7, 5)
    await sink.publish(first)
    await sink.close()
    second = history.grow(7, 5)
    await sink.publish(second)
    assert await stage.read() == got_of(first + second)


async def test_what_is_sent_again_is_the_same_to_the_byte(
    stage: Stage, sink: GuardedSink, history: History
) -> None:
    messages = history.grow(7, 30)
    await sink.publish(messages[:20])
    await sink.close()
    await sink.publish(messages)
    got = await stage.read()
    assert list(dict.fromkeys(got)) == got_of(messages)
    assert msgspec.json.decode(got[0].body)["sequence"] == "0000000000000001"
