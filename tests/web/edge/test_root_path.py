"""Under a path of a proxy every link that the server gives leads back to the server."""

import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urljoin

import pytest
from httpx import ASGITransport, AsyncClient

from tests.support.http.api import Api, data_of
from tests.support.http.fixtures import running
from tests.support.settings import settings_for

ROOT_PATH = "/shop/tickets"
SHOW = {"name": "Movie", "start_time": "2030-01-01T20:00:00Z", "total_seats": 10}


def proxy(app: Any) -> Any:
    """A proxy that takes the path off, and knows nothing else."""

    async def ask(scope: Any, receive: Any, send: Any) -> None:
        assert scope["path"].startswith(ROOT_PATH + "/"), scope["path"]
        path = scope["path"].removeprefix(ROOT_PATH)
        await app({**scope, "path": path, "raw_path": path.encode()}, receive, send)

    return ask


@pytest.fixture
async def client(database: str) -> AsyncIterator[AsyncClient]:
    """A browser before the proxy."""
    async with (
        running(settings_for(database, AUTH="off", ROOT_PATH=ROOT_PATH)) as app,
        AsyncClient(transport=ASGITransport(proxy(app)), base_url="http://localhost") as client,
    ):
        yield client


async def test_the_place_of_what_was_made_can_be_read(client: AsyncClient) -> None:
    show = await client.post(f"{ROOT_PATH}/api/shows", json=SHOW)
    user = await client.post(f"{ROOT_PATH}/api/users", json={"name": "Ada", "email": "ada@example.com"})
    booked = {"show_id": data_of(show, 201)["id"], "user_id": data_of(user, 201)["id"], "seats_booked": 1}
    booking = await client.post(f"{ROOT_PATH}/api/bookings", json=booked)

    for made in (show, user, booking):
        place = made.headers["location"]
        assert place.startswith(f"{ROOT_PATH}/api/")
        assert (await client.get(place)).json()["data"]["id"] == made.json()["data"]["id"]


async def test_the_next_page_can_be_read(client: AsyncClient) -> None:
    for number in range(3):
        await client.post(f"{ROOT_PATH}/api/shows", json=SHOW | {"name": f"Movie {number}"})

    first = await client.get(f"{ROOT_PATH}/api/shows?limit=2")
    link = first.links["next"]["url"]

    assert link.startswith(f"{ROOT_PATH}/api/shows?")
    assert len((await client.get(link)).json()["data"]) == 1


async def test_the_api_page_finds_its_files_and_the_description(client: AsyncClient) -> None:
    sent_on = await client.get(f"{ROOT_PATH}/", headers={"Accept": "text/html"})
    page = await client.get(sent_on.headers["location"])
    named = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
    script = next(path for path in named if "docs.js" in path)
    [relative] = re.findall(r'new URL\("([^"]+)"', (await client.get(script)).text)
    description = await client.get(urljoin(script, relative))

    assert len(named) == 4
    assert {(await client.get(path)).status_code for path in named} == {200}
    assert description.json()["servers"] == [{"url": ROOT_PATH}]


async def test_the_root_names_where_things_are(client: AsyncClient) -> None:
    links = (await client.get(f"{ROOT_PATH}/")).json()["links"]

    assert {(await client.get(path)).status_code for path in links.values()} == {200}


async def test_without_a_root_path_links_begin_at_the_root(api: Api) -> None:
    made = await api.http.post("/api/shows", json=SHOW)
    described = await api.http.get("/api/openapi.json")

    assert made.headers["location"] == f"/api/shows/{made.json()['data']['id']}"
    assert described.json()["servers"] == [{"url": "/"}]
