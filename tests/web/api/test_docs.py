"""The API page and the description of the API."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest
from httpx import AsyncClient

from boxoffice.cli.demo_data import load_demo
from boxoffice.serve import operations
from boxoffice.serve.settings import ProgramSettings
from tests.support.http.api import Api, Json, data_of
from tests.support.http.fixtures import client_of, running

ROOT = Path(__file__).parents[3]
DOCUMENT = operations.describe()
OPERATIONS: dict[str, Json] = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}

SPECIFIED = {
    "POST /api/shows",
    "GET /api/shows",
    "GET /api/shows/{show_id}",
    "PUT /api/shows/{show_id}",
    "DELETE /api/shows/{show_id}",
    "GET /api/shows/type/{show_type}",
    "GET /api/shows/{show_id}/available-seats",
    "GET /api/shows/{show_id}/stats",
    "GET /api/shows/{show_id}/changes",
    "POST /api/users",
    "GET /api/users",
    "GET /api/users/{user_id}",
    "PUT /api/users/{user_id}",
    "POST /api/bookings",
    "GET /api/bookings",
    "GET /api/bookings/{booking_id}",
    "DELETE /api/bookings/{booking_id}",
    "POST /api/bookings/{booking_id}/confirm",
    "POST /api/bookings/{booking_id}/fail",
    "POST /api/bookings/{booking_id}/return",
    "GET /api/bookings/user/{user_id}",
    "GET /api/bookings/show/{show_id}",
    "POST /api/bookings/expire-old",
    "GET /api/admin/shows/{show_id}/seats",
    "POST /api/admin/shows/{show_id}/seats/block",
    "POST /api/admin/shows/{show_id}/seats/unblock",
    "POST /api/admin/bookings/{booking_id}/cancel",
    "POST /api/bookings/{booking_id}/extend",
    "DELETE /api/users/{user_id}",
    "GET /api/users/{user_id}/export",
    "GET /api/shows/{show_id}/seat-states",
    "GET /api/shows/{show_id}/live",
    "GET /api/live",
    "GET /api/requests/{ticket}",
    "DELETE /api/requests/{ticket}",
    "GET /api/changes",
    "GET /api/feeds",
    "PUT /api/feeds/{name}",
    "GET /api/feeds/{name}",
    "GET /api/feeds/{name}/events",
    "POST /api/feeds/{name}/ack",
    "DELETE /api/feeds/{name}",
    "POST /api/webhooks",
    "GET /api/webhooks",
    "GET /api/webhooks/{webhook_id}",
    "PUT /api/webhooks/{webhook_id}",
    "DELETE /api/webhooks/{webhook_id}",
    "POST /api/webhooks/{webhook_id}/test",
    "POST /api/webhooks/{webhook_id}/rotate",
    "POST /api/webhooks/{webhook_id}/pause",
    "POST /api/webhooks/{webhook_id}/resume",
    "POST /api/webhooks/{webhook_id}/replay",
    "GET /api/webhooks/{webhook_id}/attempts",
    "GET /api/webhooks/{webhook_id}/parked",
    "POST /api/webhooks/{webhook_id}/parked/{letter_id}/retry",
    "GET /api/webhook-keys",
    "GET /health",
}


def test_the_committed_description_is_up_to_date() -> None:
    committed = (ROOT / "openapi.json").read_text("utf-8")
    assert committed == operations.render(), "run: boxoffice openapi > openapi.json"


def test_everything_is_described_and_nothing_else() -> None:
    assert set(OPERATIONS) == SPECIFIED
    assert DOCUMENT["openapi"].startswith("3.1")


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_an_operation_says_what_it_does(operation: Json) -> None:
    assert re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", operation["operationId"])
    assert operation["summary"]
    assert operation["description"]
    for parameter in operation.get("parameters", []):
        assert parameter["description"]
        if parameter["in"] == "path":
            assert parameter["examples"]


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_an_operation_shows_examples_and_errors(operation: Json) -> None:
    if body := operation.get("requestBody"):
        assert body["content"]["application/json"]["examples"]
    answers = operation["responses"]
    assert {"400", "500", "503"} <= set(answers)
    for status, answer in answers.items():
        if status == "304":
            continue
        kind = "application/json" if status in {"200", "201", "202"} else "application/problem+json"
        assert list(answer["content"]) in ([kind], [kind, "text/event-stream"])
        assert all(form["examples"] for form in answer["content"].values())


SAME_AGAIN: Final = {
    "PUT /api/feeds/{name}": "the feed is found as it was asked for",
    "POST /api/feeds/{name}/ack": "what was acknowledged stays so",
    "DELETE /api/feeds/{name}": "it is not there any more",
    "PUT /api/webhooks/{webhook_id}": "the webhook is as it was asked for",
    "DELETE /api/webhooks/{webhook_id}": "it is not there any more",
    "POST /api/webhooks/{webhook_id}/test": "another test message changes nothing",
    "POST /api/webhooks/{webhook_id}/rotate": "a second replacement is refused for a day",
    "POST /api/webhooks/{webhook_id}/pause": "it is paused already",
    "POST /api/webhooks/{webhook_id}/resume": "it is active already",
    "POST /api/webhooks/{webhook_id}/replay": "receivers know the events by their ids",
    "POST /api/webhooks/{webhook_id}/parked/{letter_id}/retry": "it is due already",
}
"""Changes that change nothing more when they are sent again, so that they need no key; and why."""


@pytest.mark.parametrize("name", [n for n in OPERATIONS if not n.startswith("GET") and n not in SAME_AGAIN])
def test_a_change_takes_an_idempotency_key(name: str) -> None:
    assert "Idempotency-Key" in [parameter["name"] for parameter in OPERATIONS[name]["parameters"]]


def test_operation_ids_are_unique() -> None:
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(ids) == len(set(ids))


def test_every_reference_leads_somewhere() -> None:
    for reference in _references(DOCUMENT):
        *_, kind, name = reference.split("/")
        assert name in DOCUMENT["components"][kind]


def test_bodies_describe_their_limits_exactly() -> None:
    fields = DOCUMENT["components"]["schemas"]["NewBooking"]["properties"]
    assert [choice["type"] for choice in fields["user_id"]["anyOf"]] == ["integer", "string"]
    assert fields["user_id"]["anyOf"][0]["maximum"] == 2**53 - 1
    assert (fields["seats_booked"]["minimum"], fields["seats_booked"]["maximum"]) == (1, 1000)
    assert fields["seat_numbers"]["uniqueItems"] is True
    assert DOCUMENT["components"]["schemas"]["NewBooking"]["additionalProperties"] is False


OF_A_FEED: Final = ("POST /api/feeds/{name}/ack",)
"""Operations whose example names an event of a running feed, which no demo data have."""


async def test_every_example_works_on_the_demo_data(settings: ProgramSettings) -> None:
    assert await load_demo(settings)
    async with running(settings) as app, client_of(app) as client:
        for name, operation in OPERATIONS.items():
            data_of(await client.put("/api/feeds/shop", json={}))
            (method, path), query = name.split(), dict[str, str]()
            if "{ticket}" in path:  # the demo data have no request; tests/requests has some
                continue
            for parameter in operation.get("parameters", []):
                for example in parameter.get("examples", {}).values():
                    if parameter["in"] == "path":
                        path = path.replace(f"{{{parameter['name']}}}", str(example["value"]))
                    elif parameter["in"] == "query":
                        query[parameter["name"]] = str(example["value"])
            is_left_out = name in OF_A_FEED or "/webhooks" in name  # see tests/webhooks/test_api.py
            for body in () if is_left_out else _bodies(operation):
                response = await client.request(method, path, json=body, params=query)
                assert response.is_success, (name, path, response.text)


async def test_answers_have_the_fields_of_their_examples(api: Api) -> None:
    user, show = await api.user(), await api.show()
    booking = await api.booking(show["id"], user["id"])
    for path, example in (
        (f"/api/shows/{show['id']}", _example("GET /api/shows/{show_id}")),
        (f"/api/shows/{show['id']}/stats", _example("GET /api/shows/{show_id}/stats")),
        (f"/api/users/{user['id']}", _example("GET /api/users/{user_id}")),
        (f"/api/bookings/{booking['id']}", _example("GET /api/bookings/{booking_id}")),
    ):
        assert list(data_of(await api.http.get(path))) == list(example)


async def test_the_page_loads_nothing_from_elsewhere(unserved: AsyncClient) -> None:
    page = await unserved.get("/api-docs")
    assert page.headers["content-type"].startswith("text/html")
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert loaded
    assert all(url.startswith(("/", "data:")) and not url.startswith("//") for url in loaded)
    assert "<style" not in page.text
    assert "<script>" not in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    start = await unserved.get("/api-docs/assets/docs.js")
    assert "http" not in start.text


async def test_assets_are_kept_for_long_and_asked_for_by_version(unserved: AsyncClient) -> None:
    page = await unserved.get("/api-docs")
    assert page.headers["cache-control"] == "no-cache"
    assets = re.findall(r'"(/api-docs/assets/[^"]+)"', page.text)
    assert len(assets) == 3
    for asset in assets:
        assert re.search(r"\?v=[0-9a-f]{12}$", asset)
        response = await unserved.get(asset)
        assert response.status_code == 200
        assert "immutable" in response.headers["cache-control"]


DOCUMENTS = ["/api-docs", "/api/openapi.json", "/api-docs/assets/swagger-ui/swagger-ui-bundle.js"]


@pytest.mark.parametrize("path", DOCUMENTS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("coding", ["gzip", "identity"])
async def test_a_document_that_the_client_has_is_not_sent_again(
    unserved: AsyncClient, path: str, method: str, coding: str
) -> None:
    asked = {"Accept-Encoding": coding}
    first = await unserved.request(method, path, headers=asked)
    assert first.status_code == 200
    assert first.headers.get("content-encoding", "identity") == coding
    tag = first.headers["etag"]
    assert tag.startswith('"')
    again = await unserved.request(method, path, headers=asked | {"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert (again.headers["etag"], again.headers["vary"]) == (tag, "Accept-Encoding, Origin")
    assert again.headers["cache-control"] == first.headers["cache-control"]


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_each_form_of_a_document_has_its_own_tag(unserved: AsyncClient, path: str) -> None:
    forms = [await unserved.get(path, headers={"Accept-Encoding": c}) for c in ("gzip", "identity")]
    assert forms[0].content == forms[1].content  # the client has unpacked the first
    assert forms[0].headers["etag"] != forms[1].headers["etag"]
    other = {"Accept-Encoding": "identity", "If-None-Match": forms[0].headers["etag"]}
    assert (await unserved.get(path, headers=other)).status_code == 200


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_a_document_is_compressed_once(
    unserved: AsyncClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"Accept-Encoding": "gzip"}
    first = await unserved.get(path, headers=asked)
    monkeypatch.setattr("gzip.compress", None)
    monkeypatch.setattr("gzip.GzipFile.write", None)
    for _ in range(3):
        assert (await unserved.get(path, headers=asked)).content == first.content


@pytest.mark.parametrize("path", ["../app.py", "%2e%2e/app.py", "swagger-ui/../../app.py", "nothing.js"])
async def test_only_assets_are_served(unserved: AsyncClient, path: str) -> None:
    url = httpx.URL("http://localhost").copy_with(raw_path=b"/api-docs/assets/" + path.encode())
    assert (await unserved.get(url)).status_code == 404


async def test_the_description_is_served(unserved: AsyncClient) -> None:
    response = await unserved.get("/api/openapi.json")
    assert response.json() == json.loads(operations.render())


def _bodies(operation: Json) -> list[Json | None]:
    if "requestBody" not in operation:
        return [None]
    examples = operation["requestBody"]["content"]["application/json"]["examples"]
    return [example["value"] for example in examples.values()]


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(reference := node.get("$ref"), str):
            yield reference
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _example(name: str) -> Json:
    data: Json = OPERATIONS[name]["responses"]["200"]["content"]["application/json"]["examples"]["success"][
        "value"
    ]["data"]
    return data
