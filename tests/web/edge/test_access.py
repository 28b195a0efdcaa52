"""Which callers get in and what they find, beyond the table of ``test_access_matrix``."""

from typing import Any

import pytest
from httpx import AsyncClient
from prometheus_client import REGISTRY

from boxoffice.access import identify
from boxoffice.access.callers import Role
from boxoffice.access.identify import LOOK_UPS_PER_MINUTE
from boxoffice.access.keys import KEY_CACHE_S, make_key
from tests.support.engine.databases import Connection
from tests.support.http.api import Api, data_of, listed, problem_of
from tests.support.http.callers import PROVIDER, Callers, callers_of, closed
from tests.support.http.identity import Provider, bearer

A_PAGE = {"Origin": "http://localhost:5173"}


async def test_nobody_is_told_how_to_say_who_they_are(callers: Callers) -> None:
    async with callers.api("nobody") as api:
        answer = await api.http.get("/api/users/1")
        problem_of(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == 'Bearer realm="boxoffice"'
        wrong = await api.http.get("/api/users/1", headers=bearer("nonsense"))
        problem_of(wrong, 401, "unauthenticated")
        assert 'error="invalid_token"' in wrong.headers["www-authenticate"]


async def test_what_is_wrong_with_a_credential_is_counted_and_told_to_its_holder_alone(
    callers: Callers,
) -> None:
    name = "boxoffice_authentication_failures_total"
    answers = set()
    for credential, reason, why in (
        ("expired key", "expired", "it has expired"),
        ("revoked key", "revoked", "the API key was revoked"),
        ("unknown key", "unknown", "there is no such API key"),
    ):
        before = REGISTRY.get_sample_value(name, {"reason": reason}) or 0
        headers = await callers.headers(credential)  # type: ignore[arg-type]
        async with callers.api_with(headers) as api:
            answer = await api.http.get("/api/users")
        problem = problem_of(answer, 401, "unauthenticated")
        told = f'error="invalid_token", error_description="{why}"'
        assert told in answer.headers["www-authenticate"]
        answers.add((problem["detail"], problem["title"]))
        assert REGISTRY.get_sample_value(name, {"reason": reason}) == before + 1
    assert len(answers) == 1


async def test_a_key_may_come_in_either_header_and_only_once(callers: Callers) -> None:
    key = await callers.key(Role.ADMIN)
    async with callers.api("nobody") as api:
        assert (await api.http.get("/api/users", headers={"X-Api-Key": key})).status_code == 200
        assert (
            await api.http.get("/api/users", headers={"Authorization": f"bearer {key}"})
        ).status_code == 200
        both = {"X-Api-Key": key} | bearer(key)
        problem_of(await api.http.get("/api/users", headers=both), 401, "unauthenticated")
        problem_of(await api.http.get("/api/users", headers={"X-Api-Key": ""}), 401, "unauthenticated")
        problem_of(
            await api.http.get("/api/users", headers={"Authorization": f"Basic {key}"}),
            401,
            "unauthenticated",
        )


async def test_a_bad_credential_is_refused_where_none_is_needed(callers: Callers) -> None:
    async with callers.api("expired token") as api:
        problem_of(await api.http.get("/api/shows"), 401, "unauthenticated")


@pytest.mark.parametrize(
    "path", ["/api/nothing", "/nowhere", "/api/bookings/1/2/3", "/api/shows/1/../../users"]
)
async def test_where_nothing_is_nobody_needs_to_be_known(callers: Callers, path: str) -> None:
    async with callers.api("nobody") as api:
        assert (await api.http.get(path)).status_code in (401, 404)


@pytest.mark.parametrize(
    "path", ["/api/users/", "//api/users", "/api//users", "/api/users/?limit=1", "/api/./users", "/API/users"]
)
async def test_no_way_of_writing_a_path_leads_around_the_gate(callers: Callers, path: str) -> None:
    async with callers.api("nobody") as api:
        answer = await api.http.get(f"http://localhost{path}")
        assert answer.status_code in (401, 404)
        assert "data" not in answer.json()


async def test_head_and_options_give_nothing_away(callers: Callers) -> None:
    async with callers.api("nobody") as api:
        assert (await api.http.head("/api/users")).status_code == 401
        assert (await api.http.options("/api/users")).status_code == 204


async def test_a_kept_answer_is_not_given_to_who_may_not_have_it(callers: Callers, house: Api) -> None:
    path = f"/api/shows/{(await house.show())['id']}/stats"
    data_of(await house.http.get(path))
    async with callers.api("nobody") as api:
        problem_of(await api.http.get(path), 401, "unauthenticated")
    async with callers.api("customer") as api:
        problem_of(await api.http.get(path), 403, "forbidden")


async def test_a_page_sees_why_it_was_refused(callers: Callers) -> None:
    async with callers.api("nobody") as api:
        answer = await api.http.get("/api/users", headers=A_PAGE)
        problem_of(answer, 401, "unauthenticated")
        assert answer.headers["access-control-allow-origin"] == A_PAGE["Origin"]
        assert "WWW-Authenticate" in answer.headers["access-control-expose-headers"]
        elsewhere = await api.http.get("/api/users", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in elsewhere.headers
        preflight = await api.http.options(
            "/api/users",
            headers=A_PAGE
            | {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"},
        )
        assert preflight.status_code == 204


async def test_a_revoked_key_ends(callers: Callers) -> None:
    new = await callers.desk.create("test", Role.ADMIN, None, None)
    async with callers.api_with(bearer(new.secret)) as api:
        assert (await api.http.get("/api/users")).status_code == 200
        await callers.desk.revoke(new.key.key_id)
        callers.memory.now_s += KEY_CACHE_S
        problem_of(await api.http.get("/api/users"), 401, "unauthenticated")


async def test_a_rotated_key_is_good_beside_the_new_one(callers: Callers) -> None:
    old = await callers.desk.create("front", Role.SERVICE, [7], None)
    new = await callers.desk.rotate(old.key.key_id)
    assert new is not None
    assert (new.key.name, new.key.role, new.key.show_ids) == ("front", "service", [7])
    for secret in (old.secret, new.secret):
        async with callers.api_with(bearer(secret)) as api:
            problem_of(await api.http.get("/api/bookings/16777217"), 404, "booking_not_found")
    [kept] = [key for key in await callers.desk.list() if key.key_id == old.key.key_id]
    assert kept.expires_at is not None
    assert new.key.expires_at is None


async def test_keys_cannot_be_guessed_at_the_database_s_cost(callers: Callers) -> None:
    async with callers.api("nobody") as api:
        answer = await api.http.get("/api/users", headers=bearer(make_key()))
        for _ in range(2 * LOOK_UPS_PER_MINUTE):  # the bucket fills up meanwhile, but not as fast
            answer = await api.http.get("/api/users", headers=bearer(make_key()))
            if answer.status_code == 429:
                break
            problem_of(answer, 401, "unauthenticated")
        problem_of(answer, 429, "rate_limited")


@pytest.mark.parametrize(
    "guess",
    [
        bearer("box_" + "0" * 38),
        bearer(Provider().token("ada")),
        bearer("nonsense"),
        {"X-Api-Key": "x", "Authorization": "Bearer x"},
    ],
    ids=["malformed key", "wrong signature", "no token", "two credentials"],
)
async def test_guesses_are_counted_by_address_and_hurt_nobody_else(
    callers: Callers, ada: Api, guess: dict[str, str]
) -> None:
    async with callers.api_with(guess) as api:
        answer = await api.http.get("/api/shows")
        for _ in range(2 * LOOK_UPS_PER_MINUTE):  # the bucket fills up meanwhile, but not as fast
            if answer.status_code == 429:
                break
            problem_of(answer, 401, "unauthenticated")
            answer = await api.http.get("/api/shows")
        problem_of(answer, 429, "rate_limited")
        assert answer.headers["ratelimit-policy"].startswith('"look-ups";')
    data_of(await ada.http.get("/api/users/me"))


async def test_signatures_are_counted_before_they_are_checked(
    callers: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identify, "SIGNATURES_PER_MINUTE", 5)
    good = [bearer(PROVIDER.token(f"person {number}")) for number in range(20)]
    for headers in good:  # an office: a good token is given back
        async with callers.api_with(headers) as person:
            assert (await person.http.get("/api/shows")).status_code == 200
    async with callers.api_with(bearer(Provider("first").token())) as forger:
        for _ in range(5):
            problem_of(await forger.http.get("/api/shows"), 401, "unauthenticated")
        monkeypatch.setattr("jwt.decode", None)
        refused = await forger.http.get("/api/shows")
        problem_of(refused, 429, "rate_limited")
        assert refused.headers["ratelimit-policy"].startswith('"signatures";')
    async with callers.api_with(good[0]) as person:  # a checked token is not checked again
        assert (await person.http.get("/api/shows")).status_code == 200


async def test_a_page_costs_more_than_a_row(database: str) -> None:
    settings = closed(database, RATE_READS_PER_MINUTE=12)
    async with callers_of(settings) as callers, callers.api("nobody") as api:
        statuses = [(await api.http.get(path)).status_code for path in ("/api/shows", *["/health"] * 2)]
    assert statuses == [200, 200, 429]


async def test_who_asks_for_the_health_without_a_credential_is_counted(database: str) -> None:
    async with callers_of(closed(database, RATE_READS_PER_MINUTE=2)) as callers:
        async with callers.api("nobody") as api:
            assert [(await api.http.get("/health")).status_code for _ in range(3)] == [200, 200, 429]
            assert (await api.http.get("/healthz")).status_code == 200
        async with callers.api("service") as service:
            assert [(await service.http.get("/health")).status_code for _ in range(3)] == [200] * 3


async def test_a_narrowed_key_sees_no_profiles(callers: Callers, house: Api) -> None:
    show, user = await house.show(), await house.user()
    booking = await house.booking(show["id"], user["id"], seat_numbers=[1])
    for shows, name in (([show["id"]], None), (None, user["name"])):
        key = await callers.key(Role.OPERATOR, shows=shows)
        async with callers.api_with(bearer(key)) as desk:
            seen = data_of(await desk.http.get(f"/api/bookings/{booking['id']}"))
            assert seen["user_id"] == user["id"]
            assert (seen["user"] and seen["user"]["name"]) == name
            [seat] = listed(await desk.http.get(f"/api/admin/shows/{show['id']}/seats?limit=1"))
            assert (seat["user_id"], seat["user_name"]) == (user["id"], name)


async def test_a_narrowed_key_finds_no_other_show(callers: Callers, house: Api) -> None:
    mine, other, user = await house.show(), await house.show(), await house.user()
    bookings = {show["id"]: await house.hold(show["id"], user["id"]) for show in (mine, other)}
    key = await callers.key(Role.OPERATOR, shows=[mine["id"]])
    async with callers.api_with(bearer(key)) as desk:
        for show, status in ((mine, 200), (other, 404)):
            number, booking = show["id"], bookings[show["id"]]["id"]
            for path in (
                f"/api/shows/{number}/stats",
                f"/api/shows/{number}/changes",
                f"/api/admin/shows/{number}/seats",
                f"/api/bookings/show/{number}",
                f"/api/bookings/{booking}",
            ):
                assert (await desk.http.get(path)).status_code == status, path
            for page in ({}, A_PAGE):
                body = {"user_id": user["id"], "show_id": number, "seats_booked": 1}
                answer = await desk.http.post("/api/bookings", json=body, headers=page)
                assert answer.status_code == (201 if status == 200 else 404)
            assert (await desk.http.post(f"/api/bookings/{booking}/confirm")).status_code == status
        assert (await desk.http.get(f"/api/shows/{other['id']}")).status_code == 200
        for method, path in (
            ("GET", "/api/users"),
            ("POST", "/api/bookings/expire-old"),
            ("GET", f"/api/users/{user['id']}"),
            ("GET", f"/api/bookings/user/{user['id']}"),
            ("GET", "/metrics"),
        ):
            problem_of(await desk.http.request(method, path), 403, "forbidden")


async def test_the_rate_of_a_customer_is_limited_and_told(database: str) -> None:
    async with callers_of(closed(database, RATE_READS_PER_MINUTE=3)) as callers:
        async with callers.api("customer") as ada, callers.api("other customer") as bob:
            left = []
            for _ in range(3):
                answer = await ada.http.get("/api/users/me")
                assert answer.headers["ratelimit-policy"] == '"reads";q=3;w=60'
                left.append(answer.headers["ratelimit"].split(";")[1])
            assert left == ["r=2", "r=1", "r=0"]
            answer = await ada.http.get("/api/users/me")
            problem_of(answer, 429, "rate_limited")
            assert 1 <= int(answer.headers["retry-after"]) <= 20
            assert answer.headers["ratelimit"].startswith('"reads";r=0;t=')
            assert (await bob.http.get("/api/users/me")).status_code == 200
            assert (await ada.http.put("/api/users/me", json={"name": "A"})).status_code == 200
        async with callers.api("service") as service:
            for _ in range(10):
                answer = await service.http.get("/api/shows")
                assert answer.status_code == 200
                assert "ratelimit" not in answer.headers


async def test_nobody_is_limited_by_address_as_the_proxies_tell_it(database: str) -> None:
    settings = closed(database, RATE_READS_PER_MINUTE=2, TRUSTED_PROXIES="127.0.0.1")
    async with callers_of(settings) as callers, callers.api("nobody") as api:

        async def status(address: str) -> int:
            headers = {"X-Forwarded-For": f"6.6.6.6, {address}"}
            return (await api.http.get("/api/shows?limit=1", headers=headers)).status_code

        assert [await status("198.51.100.1") for _ in range(3)] == [200, 200, 429]
        assert await status("198.51.100.2") == 200
        assert [await status(f"2001:db8::{number}") for number in range(3)] == [200, 200, 429]
        assert await status("2001:db8:0:1::1") == 200


async def test_an_event_says_where_it_was_asked_from(database: str, connection: Connection) -> None:
    settings = closed(database, TRUSTED_PROXIES="127.0.0.1")
    async with callers_of(settings) as callers, callers.api("admin") as house:
        show, user = await house.show(), await house.user()
        for page in ({}, A_PAGE):
            body = {"user_id": user["id"], "show_id": show["id"], "seats_booked": 1}
            headers = {"X-Forwarded-For": "198.51.100.1"} | page
            data_of(await house.http.post("/api/bookings", json=body, headers=headers), 201)
    rows = await connection.fetch("SELECT origin, actor FROM show_events WHERE kind = 'booked'")
    assert {row["origin"] for row in rows} == {"198.51.100.1"}
    assert all(row["actor"].startswith("key:") for row in rows)


async def test_a_token_of_another_provider_is_nobody_s(callers: Callers) -> None:
    async with callers.api_with(bearer(Provider().token("ada"))) as api:
        problem_of(await api.http.get("/api/users/me"), 401, "unauthenticated")


async def test_with_authentication_off_everything_is_open(unserved: AsyncClient) -> None:
    answer = await unserved.get("/healthz", headers=bearer("nonsense"))
    assert answer.status_code == 200
    assert "ratelimit" not in answer.headers


@pytest.mark.parametrize("path", ["/api/users/me", "/api/bookings/user/me"])
async def test_a_server_is_not_me(callers: Callers, path: str) -> None:
    for credential in ("service", "operator", "admin"):
        async with callers.api(credential) as api:
            problem = problem_of(await api.http.get(path), 403, "forbidden")
            assert "id" in problem["detail"]


@pytest.mark.parametrize("path", ["/api/shows", "/api/shows/1", "/api-docs", "/", "/api/users", "/healthz"])
async def test_a_cache_does_not_give_one_callers_refusal_to_others(database: str, path: str) -> None:
    async with callers_of(closed(database)) as callers, callers.api_with({"X-Api-Key": "box_no"}) as api:
        answer = await api.http.get(path)
        assert answer.status_code == 401
        assert {"Authorization", "X-Api-Key"} <= set(answer.headers.get_list("vary", split_commas=True))


@pytest.mark.parametrize("body", [{"content": b"{}"}, {"headers": {"Transfer-Encoding": "chunked"}}], ids=str)
async def test_a_read_with_an_empty_body_pays_for_the_answer_that_it_gets_alone(
    database: str, body: dict[str, Any]
) -> None:
    """Each full answer costs 11 units; what all share costs one."""
    async with callers_of(closed(database, RATE_READS_PER_MINUTE=20)) as callers:
        async with callers.api("admin") as house:
            path = f"/api/shows/{(await house.show())['id']}/available-seats"
        async with callers.api("nobody") as api:
            asked: list[dict[str, Any]] = [{}, {}, body, body]
            statuses = [(await api.http.request("GET", path, **one)).status_code for one in asked]
    assert statuses == [200, 200, 200, 429]
