"""A client that reads nothing, on both servers: it costs the others nothing, and is given up."""

import asyncio
import socket
from typing import Any, Final

import pytest

from boxoffice.live import hub
from boxoffice.vocabulary import limits
from tests.support.engine.eventually import eventually
from tests.support.http.viewers import Site, site_alone, site_in_serve
from tests.support.settings import settings_for

LARGE: Final = 1_000_000
"""Places of a show whose snapshot is 333 KB: some of them fill the buffers between two processes."""

SHOWS: Final = 12


def deaf(site: Site, path: str) -> socket.socket:
    """A client with a small buffer, which asks and reads nothing."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    client.connect(("127.0.0.1", int(site.url.rpartition(":")[2])))
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return client


def stale(site: Site) -> int:
    """How many are passed over."""
    return sum(len(hub.stale) for hub in site.house._hubs.values())


@pytest.mark.parametrize("open_site", [site_in_serve, site_alone])
async def test_a_deaf_client_is_passed_over_and_given_up(
    database: str, open_site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LOOK_AT_CONNECTIONS_EVERY_S", 0.02)
    monkeypatch.setattr(limits, "ANSWER_WAIT_MAX_S", 0.1)  # a stream has a deadline of its own
    async with open_site(settings_for(database, DB_POOL_MAX=8)) as site:
        shows = [(await site.api.show(LARGE))["id"] for _ in range(SHOWS)]
        user_id, show_id = (await site.api.user())["id"], shows[0]
        path = f"/api/live?shows={','.join(map(str, shows))}"
        with deaf(site, path):

            async def is_passed_over() -> bool:
                return stale(site) > 0

            await eventually(is_passed_over, "the deaf client is noticed")
            async with site.view(f"/api/shows/{show_id}/live") as view:
                await view.next()
                for seat in range(1, 6):
                    await site.api.booking(show_id, user_id, seat_numbers=[seat])
                await view.until(6)
                assert site.house.watchers == 2
                assert stale(site) > 0
                monkeypatch.setattr(hub, "STALE_MAX_S", 0.1)
                await site.watched_by(1)
        assert stale(site) == 0


@pytest.mark.parametrize("open_site", [site_in_serve, site_alone])
async def test_a_client_that_reads_again_is_told_what_it_missed(database: str, open_site: Any) -> None:
    async with open_site(settings_for(database, DB_POOL_MAX=8)) as site:
        shows = [(await site.api.show(LARGE))["id"] for _ in range(SHOWS)]
        user_id = (await site.api.user())["id"]
        with deaf(site, f"/api/live?shows={','.join(map(str, shows))}") as client:

            async def is_passed_over() -> bool:
                return stale(site) > 0

            await eventually(is_passed_over, "the deaf client is noticed")
            await site.api.booking(shows[-1], user_id, seat_numbers=[5])
            client.setblocking(False)
            loop, heard = asyncio.get_running_loop(), b""
            async with asyncio.timeout(30):
                while b'"show_id":%d,' % shows[-1] not in heard or stale(site):
                    heard = heard[-2_000_000:] + await loop.sock_recv(client, 1_000_000)
            assert stale(site) == 0
