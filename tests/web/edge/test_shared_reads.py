"""Many equal requests at once cost the database one query, and no answer says what is not so."""

import asyncio
from typing import Any, cast

import pytest
from litestar import Litestar
from litestar.types import Message
from msgspec.structs import replace

from boxoffice.engine.reads import Reads
from boxoffice.web.edge import kept_answers
from boxoffice.web.edge.shared_reads import SharedReads
from boxoffice.web.http.operation import operations_of
from boxoffice.web.http.services import services_of
from tests.support.http.api import Api, data_of, problem_of
from tests.support.http.fixtures import app_without_database, client_of, running
from tests.support.settings import settings_for, settings_of


class CountingReads:
    """The reads of an application; reads of seat maps are counted, and wait at a gate."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads
        self.loads = 0
        self.asked = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def seat_map(self, show_id: int, **asked: Any) -> object:
        self.loads += 1
        self.asked.set()
        await self.gate.wait()
        return await self._reads.seat_map(show_id, **asked)

    async def show(self, show_id: int, *, consistent: bool = False) -> object:
        return await self._reads.show(show_id, consistent=consistent)


def counting(app: Litestar) -> CountingReads:
    """The application's reads, which are counted from now on."""
    services = services_of(app)
    reads = CountingReads(services.reads)
    services.reads = cast(Reads, reads)
    return reads


async def test_a_thousand_polls_at_once_cost_one_query(app: Litestar, api: Api) -> None:
    show = await api.show()
    reads = counting(app)
    reads.gate.clear()
    polls = [
        asyncio.create_task(api.http.get(f"/api/shows/{show['id']}/available-seats")) for _ in range(1_000)
    ]
    await reads.asked.wait()
    reads.gate.set()

    answers = await asyncio.gather(*polls)

    assert {answer.status_code for answer in answers} == {200}
    assert {answer.text for answer in answers} == {answers[0].text}
    assert len({answer.headers["x-request-id"] for answer in answers}) == 1_000
    assert reads.loads == 1


async def test_who_books_and_looks_sees_the_booking(api: Api) -> None:
    user, show = await api.user(), await api.show(seats=8)
    path = f"/api/shows/{show['id']}/available-seats"

    for left in range(8, 0, -1):
        assert data_of(await api.http.get(path))["count"] == left
        await api.booking(show["id"], user["id"])


async def test_an_exact_read_goes_past_what_is_kept(app: Litestar, api: Api) -> None:
    show = await api.show()
    reads = counting(app)

    for _ in range(3):
        data_of(await api.http.get(f"/api/shows/{show['id']}/available-seats?consistent=true"))

    assert reads.loads == 3


async def test_a_slash_at_the_end_does_not_go_past_what_is_kept(app: Litestar, api: Api) -> None:
    path = f"/api/shows/{(await api.show())['id']}/available-seats"
    reads = counting(app)
    answers = [await api.http.get(one) for one in (path, path + "/", path)]
    assert [data_of(answer)["count"] for answer in answers] == [10, 10, 10]
    assert reads.loads == 1


async def test_a_storm_of_bookings_does_not_become_a_storm_of_queries(
    app: Litestar, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, show = await api.user(), await api.show(seats=200)
    reads = counting(app)
    monkeypatch.setattr(kept_answers, "FRESH_LOADS_PER_S", 0.0)
    monkeypatch.setattr(kept_answers, "KEPT_S", 1_000.0)

    for _ in range(100):
        await api.booking(show["id"], user["id"])
        data_of(await api.http.get(f"/api/shows/{show['id']}/available-seats"))

    assert reads.loads == 1 + kept_answers.FRESH_LOADS_MAX


async def test_who_looks_after_booking_is_not_told_what_was_being_loaded_before(
    app: Litestar, api: Api
) -> None:
    user, show = await api.user(), await api.show(seats=8)
    reads = counting(app)
    reads.gate.clear()
    path = f"/api/shows/{show['id']}/available-seats"
    early = asyncio.create_task(api.http.get(path))
    await reads.asked.wait()
    await api.booking(show["id"], user["id"])
    late = asyncio.create_task(api.http.get(path))
    await asyncio.sleep(0)
    reads.gate.set()

    await early
    assert data_of(await late)["count"] == 7


async def test_the_oldest_answers_go_when_there_are_too_many(
    app: Litestar, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    shows = [await api.show() for _ in range(3)]
    reads = counting(app)
    monkeypatch.setattr(kept_answers, "KEPT_S", 1_000.0)
    monkeypatch.setattr(kept_answers, "KEPT_BYTES_MAX", 5_000)

    for show in [*shows, shows[0], shows[0]]:
        data_of(await api.http.get(f"/api/shows/{show['id']}/available-seats"))

    assert reads.loads == 4


async def test_an_answer_that_is_let_go_while_it_is_loaded_is_told_all_the_same(
    app: Litestar, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    shows = [await api.show() for _ in range(2)]
    reads = counting(app)
    paths = [f"/api/shows/{show['id']}/available-seats" for show in shows]
    data_of(await api.http.get(paths[0]))
    monkeypatch.setattr(kept_answers, "KEPT_S", 0.0)
    monkeypatch.setattr(kept_answers, "KEPT_BYTES_MAX", 1)
    reads.gate.clear()
    reloads = [asyncio.create_task(api.http.get(path)) for path in paths]
    await asyncio.sleep(0)
    reads.gate.set()

    assert [data_of(await reload)["count"] for reload in reloads] == [10, 10]


async def test_made_up_origins_do_not_fill_the_memory(database: str) -> None:
    async with running(settings_for(database, AUTH="off")) as app, client_of(app) as http:
        show = await Api(http).show()
        reads = counting(app)

        for number in range(20):
            origin = {"Origin": f"http://{number}.example"}
            data_of(await http.get(f"/api/shows/{show['id']}/available-seats", headers=origin))

        assert reads.loads == 1


async def test_what_is_not_there_is_not_kept(api: Api) -> None:
    await api.show()
    missing = await api.http.get("/api/shows/2")
    problem_of(missing, 404, "show_not_found")

    await api.show()

    assert data_of(await api.http.get("/api/shows/2"))["id"] == 2


async def test_a_client_that_leaves_does_not_spoil_it_for_the_others(app: Litestar, api: Api) -> None:
    show = await api.show()
    reads = counting(app)
    reads.gate.clear()
    path = f"/api/shows/{show['id']}/available-seats"
    first = asyncio.create_task(api.http.get(path))
    await reads.asked.wait()
    second = asyncio.create_task(api.http.get(path))
    await asyncio.sleep(0)

    first.cancel()
    reads.gate.set()

    assert data_of(await second)["count"] == 10
    assert reads.loads == 1


async def test_zipped_and_plain_answers_are_kept_apart(app: Litestar, api: Api) -> None:
    show = await api.show(seats=5_000)
    path = f"/api/shows/{show['id']}/available-seats"
    async with client_of(app) as other:
        zipped = await api.http.get(path, headers={"Accept-Encoding": "gzip"})
        plain = await other.get(path, headers={"Accept-Encoding": "identity"})

    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert zipped.json() == plain.json()


@pytest.mark.parametrize(
    "lines", [("gzip", "identity"), ("identity", "gzip"), ("gzip;q=0",), ("br", "x-gzip"), ("*;q=0",)]
)
async def test_nobody_gets_a_coding_that_another_client_asked_for(
    app: Litestar, api: Api, lines: tuple[str, ...]
) -> None:
    show = await api.show(seats=5_000)
    path = f"/api/shows/{show['id']}/available-seats"

    await api.http.get(path, headers=[("Accept-Encoding", line) for line in lines])

    async with client_of(app) as other:
        plain = await other.get(path, headers={"Accept-Encoding": "identity"})
        zipped = await other.get(path, headers={"Accept-Encoding": "gzip"})
    assert ("content-encoding" in plain.headers, zipped.headers["content-encoding"]) == (False, "gzip")


async def test_nothing_of_who_asks_first_reaches_the_others(app: Litestar, api: Api) -> None:
    show = await api.show()
    path = f"/api/shows/{show['id']}"
    plain = await api.http.get(path)

    for strange in (
        {"If-None-Match": plain.headers["etag"]},
        {"Content-Encoding": "gzip", "Content-Type": "text/xml", "Content-Length": "0"},
        {"Range": "bytes=0-9", "Cookie": "a=b", "X-HTTP-Method-Override": "DELETE"},
        {"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"},
    ):
        await data_changes(api, show["id"])
        await api.http.get(path, headers=strange)
        async with client_of(app) as other:
            after = await other.get(path)
        assert data_of(after)["name"] == "Changed"
        assert after.headers.keys() == plain.headers.keys()


async def data_changes(api: Api, show_id: int) -> None:
    """Changes the show, so that the next reader loads it anew."""
    data_of(await api.http.put(f"/api/shows/{show_id}", json={"name": "Changed"}))


async def test_where_all_origins_are_allowed_they_share_one_answer(database: str) -> None:
    async with running(settings_for(database, CORS_ORIGINS="*")) as app, client_of(app) as http:
        show = await Api(http).show()
        reads = counting(app)

        for number in range(5):
            origin = {"Origin": f"http://{number}.example"}
            answer = await http.get(f"/api/shows/{show['id']}/available-seats", headers=origin)
            assert answer.headers["access-control-allow-origin"] == "*"

        assert reads.loads == 1


async def test_each_who_shares_a_problem_gets_the_own_id(app: Litestar, api: Api) -> None:
    reads = counting(app)
    reads.gate.clear()
    path = "/api/shows/4711/available-seats"
    first = asyncio.create_task(api.http.get(path, headers={"X-Request-Id": "first"}))
    await reads.asked.wait()
    second = asyncio.create_task(api.http.get(path, headers={"X-Request-Id": "second"}))
    await asyncio.sleep(0)
    reads.gate.set()

    assert problem_of(await first, 404, "show_not_found")["request_id"] == "first"
    assert problem_of(await second, 404, "show_not_found")["request_id"] == "second"
    assert reads.loads == 1


async def test_clients_that_read_slowly_keep_one_body_while_the_show_does_not_change(
    app: Litestar, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_answers, "KEPT_S", -1.0)
    user, show = await api.user(), await api.show(seats=400)
    reads = counting(app)
    path = f"/api/shows/{show['id']}/available-seats"

    first, second = [await body_sent(app, path, b"gzip") for _ in range(2)]
    plain = await body_sent(app, path, b"identity")
    await api.booking(show["id"], user["id"])
    changed = await body_sent(app, path, b"gzip")

    assert reads.loads == 4
    assert first is second  # the same bytes, and not a copy
    assert len({first, plain, changed}) == 3


async def body_sent(app: Litestar, path: str, coding: bytes) -> bytes:
    """The body that a server would hand to the connection."""
    sent: list[Message] = []
    scope: Any = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost"), (b"accept-encoding", coding)],
        "client": ("127.0.0.1", 4711),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
        "http_version": "1.1",
        "state": {},
    }

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    [body] = [message["body"] for message in sent if message["type"] == "http.response.body"]
    assert isinstance(body, bytes)
    return body


@pytest.mark.parametrize("path", ["/api/shows", "/api/shows/{show_id:str}/seats/{seat:str}"])
def test_only_reads_of_one_show_are_shared(path: str) -> None:
    app = app_without_database(settings_of())
    [(handler, stats)] = [found for found in operations_of(app) if found[1].id == "getShowStats"]
    with pytest.raises(ValueError, match="not that of one show"):
        SharedReads(app, services_of(app), [(handler, replace(stats, path=path))], None)
