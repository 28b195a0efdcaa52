"""The measurements of the relay bring figures."""

from urllib.parse import urlsplit

import pytest

from boxoffice.bench import relaying
from boxoffice.bench.relaying import carried, lagged
from boxoffice.relay.relay import brokers_of
from boxoffice.relay.settings import RelaySettings
from boxoffice.settings.texts import Secret
from tests.support.brokers.servers import redis_server
from tests.support.engine.box import open_box
from tests.support.engine.feeding import feed_on


async def test_the_relay_is_measured_with_a_backlog_and_under_load(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "BOOKINGS_PER_S", 100)
    with redis_server() as server:
        assert urlsplit(server.url).hostname == "127.0.0.1"
        async with open_box(database) as box, feed_on(database, box.engine) as feed:
            shows = [await box.show(100) for _ in range(3)]
            [(target, broker)] = brokers_of(RelaySettings(urls=Secret(server.url)), feed)
            under_load = await lagged(feed, target.consumer, broker, box.engine, shows, 1)
            backlog = await carried(feed, "relay:redis:again", broker, 103)
    assert (under_load.events, len(under_load.lags_s), backlog.events) == (100, 100, 103)
    assert 0 < under_load.percentile(0.5) <= under_load.percentile(0.99)
    assert backlog.per_s > 0
