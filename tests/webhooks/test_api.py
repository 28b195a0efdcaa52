"""The operations: made once, changed, tested, rotated, paused; only for those who may."""

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from standardwebhooks.webhooks import Webhook as Standard
from standardwebhooks.webhooks import WebhookVerificationError

from boxoffice.access.callers import Role
from tests.support.engine.clock import Clock
from tests.support.engine.eventually import eventually
from tests.support.http.api import Api, data_of, listed, problem_of
from tests.support.http.callers import Callers
from tests.support.http.fixtures import client_of, running
from tests.support.http.identity import bearer
from tests.support.webhooks.receiver import Receiver
from tests.support.webhooks.site import hooks_settings


@pytest.fixture
async def hooked(database: str) -> AsyncIterator[Api]:
    """A client of an application with webhooks."""
    async with running(hooks_settings(database)) as app, client_of(app) as client:
        yield Api(client)


async def made(api: Api, url: str, **fields: Any) -> dict[str, Any]:
    """A new webhook with its secret."""
    body = {"name": "Shop", "url": url} | fields
    return data_of(await api.http.post("/api/webhooks", json=body), 201)


async def test_a_webhook_is_made_and_told(hooked: Api, receiver: Receiver) -> None:
    told = await made(hooked, receiver.url)
    show = await hooked.show()

    async def arrived() -> bool:
        return receiver.seqs(show["id"]) == [1]

    await eventually(arrived, "the event arrives")
    got = receiver.got[0]
    Standard(told["secret"]).verify(got.body, got.headers)
    webhook = told["webhook"]
    assert data_of(await hooked.http.get(f"/api/webhooks/{webhook['id']}"))["state"] == "active"
    assert [one["id"] for one in listed(await hooked.http.get("/api/webhooks"))] == [webhook["id"]]
    [key] = listed(await hooked.http.get("/api/webhook-keys"))
    assert key == {"webhook_id": webhook["id"], "generation": 1, "public_key": told["public_key"]}


async def test_a_repeated_request_makes_one_webhook(hooked: Api, receiver: Receiver) -> None:
    body = {"name": "Shop", "url": receiver.url, "kinds": ["held", "booked"]}
    headers = {"Idempotency-Key": "one"}
    first = await hooked.http.post("/api/webhooks", json=body, headers=headers)
    again = await hooked.http.post("/api/webhooks", json=body, headers=headers)
    assert data_of(first, 201) == data_of(again)
    assert again.headers["idempotency-replayed"] == "true"
    other = await hooked.http.post("/api/webhooks", json=body | {"name": "Other"}, headers=headers)
    problem_of(other, 422, "idempotency_key_reused")


UNFIT: Final[list[tuple[dict[str, Any], str]]] = [
    ({"url": "http://10.0.0.1/"}, "url"),
    ({"url": "https://10.0.0.1/"}, "url"),
    ({"url": "https://[::ffff:10.0.0.1]/"}, "url"),
    ({"url": "https://user:secret@shop.example/"}, "url"),
    ({"url": "https://shop.example/#part"}, "url"),
    ({"url": "ftp://shop.example/"}, "url"),
    ({"url": "https:///hook"}, "url"),
    ({"mode": "hint", "kinds": ["held"]}, "kinds"),
    ({"mode": "batch", "order": "none"}, "order"),
    ({"kinds": ["unheard"]}, "kinds[0]"),
    ({"show_ids": []}, "show_ids"),
    ({"name": " "}, "name"),
    ({"unknown": 1}, "unknown"),
]
"""What a webhook cannot be like, and the field that is told."""


async def test_what_cannot_be_is_refused(hooked: Api) -> None:
    for fields, path in UNFIT:
        body = {"name": "Shop", "url": "https://shop.example/"} | fields
        problem = problem_of(await hooked.http.post("/api/webhooks", json=body), 400, "invalid_request")
        assert problem["errors"][0]["path"] == path
        assert "secret" not in str(problem["errors"])


async def test_a_change_leaves_the_rest(hooked: Api, receiver: Receiver) -> None:
    webhook = (await made(hooked, receiver.url, kinds=["held"]))["webhook"]
    path = f"/api/webhooks/{webhook['id']}"
    changed = data_of(await hooked.http.put(path, json={"name": "Other", "kinds": None}))
    assert changed == webhook | {"name": "Other", "kinds": None}
    problem_of(await hooked.http.put(path, json={}), 400, "invalid_request")
    data_of(await hooked.http.delete(path))
    problem_of(await hooked.http.get(path), 404, "webhook_not_found")


async def test_new_shows_of_a_webhook_are_told_from_now_on(hooked: Api, receiver: Receiver) -> None:
    one, two = (await hooked.show())["id"], (await hooked.show())["id"]
    webhook = (await made(hooked, receiver.url, show_ids=[one]))["webhook"]
    user = (await hooked.user())["id"]
    await hooked.booking(two, user)
    data_of(await hooked.http.put(f"/api/webhooks/{webhook['id']}", json={"show_ids": [one, two]}))
    await hooked.booking(two, user)

    async def arrived() -> bool:
        return receiver.seqs(two) == [3]

    await eventually(arrived, "what happened since then")


async def test_a_test_message_says_what_came_of_it(hooked: Api, receiver: Receiver) -> None:
    path = f"/api/webhooks/{(await made(hooked, receiver.url))['webhook']['id']}"
    assert data_of(await hooked.http.post(f"{path}/test"))["arrived"] is True
    receiver.answer(500, body=b"out of order")
    told = data_of(await hooked.http.post(f"{path}/test"))
    assert (told["arrived"], told["status"], told["excerpt"]) == (False, 500, "out of order")
    attempts = listed(await hooked.http.get(f"{path}/attempts?limit=1"))
    assert [(one["status"], one["show_id"]) for one in attempts] == [(500, None)]
    assert {one.json["type"] for one in receiver.got} == {"boxoffice.webhook.test.v1"}


async def test_both_secrets_are_good_for_a_day_and_then_one(
    hooked: Api, receiver: Receiver, clock: Clock
) -> None:
    first = await made(hooked, receiver.url)
    path = f"/api/webhooks/{first['webhook']['id']}"
    second = data_of(await hooked.http.post(f"{path}/rotate", json={}))
    assert second["secret"] != first["secret"]
    problem_of(await hooked.http.post(f"{path}/rotate", json={}), 409, "secret_is_replaced")
    assert len(listed(await hooked.http.get("/api/webhook-keys"))) == 2
    await hooked.http.post(f"{path}/test")
    for told in (first, second):
        Standard(told["secret"]).verify(receiver.got[-1].body, receiver.got[-1].headers)
    await clock.advance(24 * 3600 + 1)
    await hooked.http.post(f"{path}/test")
    got = receiver.got[-1]
    Standard(second["secret"]).verify(got.body, got.headers)
    with pytest.raises(WebhookVerificationError):
        Standard(first["secret"]).verify(got.body, got.headers)
    assert len(listed(await hooked.http.get("/api/webhook-keys"))) == 1


async def test_a_leaked_secret_ends_at_once(hooked: Api, receiver: Receiver) -> None:
    first = await made(hooked, receiver.url)
    path = f"/api/webhooks/{first['webhook']['id']}"
    data_of(await hooked.http.post(f"{path}/rotate", json={"at_once": True}))
    await hooked.http.post(f"{path}/test")
    with pytest.raises(WebhookVerificationError):
        Standard(first["secret"]).verify(receiver.got[-1].body, receiver.got[-1].headers)


async def test_pause_resume_and_replay(hooked: Api, receiver: Receiver) -> None:
    show = (await hooked.show())["id"]
    path = f"/api/webhooks/{(await made(hooked, receiver.url, from_start=True))['webhook']['id']}"
    await receiver.has(1)
    assert data_of(await hooked.http.post(f"{path}/pause"))["state"] == "paused"
    assert data_of(await hooked.http.post(f"{path}/resume", json={"backlog": "resume"}))["state"] == "active"
    replay = {"show_id": show, "from": 1, "to": 1}

    async def told() -> bool:
        return (await hooked.http.post(f"{path}/replay", json=replay)).status_code == 200

    await eventually(told, "the event was told, and is told again")
    await receiver.has(2)
    assert receiver.got[0].id == receiver.got[1].id
    later = replay | {"from": 5, "to": 9}
    problem_of(await hooked.http.post(f"{path}/replay", json=later), 409, "nothing_to_replay")
    wrong = replay | {"from": 5, "to": 4}
    problem_of(await hooked.http.post(f"{path}/replay", json=wrong), 400, "invalid_request")
    problem_of(await hooked.http.post(f"{path}/parked/9/retry"), 404, "letter_not_found")
    problem_of(await hooked.http.post(f"{path}/resume", json={}), 400, "invalid_request")


async def test_without_a_key_there_are_no_webhooks(api: Api) -> None:
    body = {"name": "Shop", "url": "https://shop.example/"}
    problem_of(await api.http.post("/api/webhooks", json=body), 409, "webhooks_off")
    assert listed(await api.http.get("/api/webhook-keys")) == []


async def test_a_key_for_some_shows_makes_and_sees_webhooks_of_these_alone(callers: Callers) -> None:
    async with callers.api("admin") as admin:
        mine, other = (await admin.show())["id"], (await admin.show())["id"]
        everything = (await made(admin, "https://localhost/"))["webhook"]["id"]
    async with callers.api_with(bearer(await callers.key(Role.ADMIN, shows=[mine]))) as api:
        body = {"name": "Shop", "url": "https://localhost/"}
        problem_of(await api.http.post("/api/webhooks", json=body), 403, "forbidden")
        of_other = await api.http.post("/api/webhooks", json=body | {"show_ids": [mine, other]})
        problem_of(of_other, 404, "show_not_found")
        problem_of(await api.http.get(f"/api/webhooks/{everything}"), 404, "webhook_not_found")
        assert listed(await api.http.get("/api/webhooks")) == []
        webhook = (await made(api, "https://localhost/", show_ids=[mine]))["webhook"]
        assert [one["id"] for one in listed(await api.http.get("/api/webhooks"))] == [webhook["id"]]
        path = f"/api/webhooks/{webhook['id']}"
        problem_of(await api.http.put(path, json={"show_ids": None}), 403, "forbidden")


async def test_no_more_endpoints_than_may_be(
    hooked: Api, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    from boxoffice.webhooks import limits

    monkeypatch.setattr(limits, "ENDPOINTS_MAX", 1)
    await made(hooked, receiver.url)
    body = {"name": "Shop", "url": receiver.url}
    problem_of(await hooked.http.post("/api/webhooks", json=body), 409, "too_many_webhooks")
