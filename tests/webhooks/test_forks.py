"""A history that was rewound: the endpoint is told once, and then nothing until an operator decides."""

from tests.support.engine.databases import Connection
from tests.support.engine.eventually import eventually
from tests.support.webhooks.receiver import Receiver
from tests.support.webhooks.site import Site


async def test_a_fork_is_told_once_and_stops_the_show_until_it_is_rewound(
    site: Site, receiver: Receiver, connection: Connection
) -> None:
    hook = await site.hook(receiver.url)
    show, other = await site.box.show(), await site.box.show()
    await site.box.book(show)
    await site.told(hook, show, 2)
    await site.told(hook, other, 1)
    # As after a restore: the event that the endpoint has is another one in the history.
    await connection.execute("UPDATE feed_cursors SET link = '\\x00' WHERE show_id = $1", show)
    await site.box.book(show)
    await site.box.book(other)
    await site.told(hook, other, 2)

    async def told() -> bool:
        forks = await site.feed.cursors.forks(hook_consumer)
        return [fork.told for fork in forks] == [True]

    hook_consumer = f"webhook:{hook.id}"
    await eventually(told, "the endpoint knows of the fork")
    for _ in range(3):
        await site.worker.look()
    rewound = [one for one in receiver.got if one.json.get("type") == "boxoffice.feed.rewound.v1"]
    assert [one.json["data"]["seq"] for one in rewound] == [2]
    assert [one.seq for one in receiver.got if one not in rewound and one.show_id == show] == [1, 2]
    await site.feed.cursors.rewind(hook_consumer, show, 1)
    await site.told(hook, show, 3)
    assert [one.seq for one in receiver.got if one.show_id == show][-2:] == [2, 3]


async def test_a_rewind_sends_again_and_leaves_no_letter_behind(
    site: Site, receiver: Receiver, connection: Connection
) -> None:
    hook = await site.hook(receiver.url)
    show = await site.box.show()
    await site.box.book(show)
    await site.told(hook, show, 2)
    receiver.hold()
    await site.desk.replay(hook.id, show, 2, 2)
    await site.feed.cursors.rewind(f"webhook:{hook.id}", show, 0)
    assert await site.box.violations() == {}
    receiver.answer(200)
    receiver.let_go()
    await site.told(hook, show, 2)
    assert await connection.fetch("SELECT letter_id FROM webhook_letters") == []
