"""Every operation for every caller: the status that each caller gets.

The table says what must be. It must name every operation of the application, and every caller.
"""

from typing import Any, Final, NamedTuple, get_args

import pytest

from boxoffice.access.callers import Role
from tests.support.http.api import START, Api, Json, data_of, listed
from tests.support.http.callers import Callers, Credential
from tests.support.http.identity import bearer
from tests.support.http.policies import declared


class Row(NamedTuple):
    """One operation, and the status that each caller gets for it.

    The customer asks about the customer's own things; the other customer asks about the same things.
    """

    method: str
    path: str
    nobody: int
    customer: int
    other: int
    service: int
    operator: int
    admin: int
    body: Json | None = None


HOLD: Final = {"seats_booked": 1, "status": "PENDING"}
SHOW: Final = {"name": "Movie", "start_time": START, "total_seats": 5}
TABLE: Final = {
    "listShows": Row("GET", "/api/shows", 200, 200, 200, 200, 200, 200),
    "listShowsByType": Row("GET", "/api/shows/type/movie", 200, 200, 200, 200, 200, 200),
    "getShow": Row("GET", "/api/shows/{show}", 200, 200, 200, 200, 200, 200),
    "getAvailableSeats": Row("GET", "/api/shows/{show}/available-seats", 200, 200, 200, 200, 200, 200),
    "getSeatStates": Row("GET", "/api/shows/{show}/seat-states", 200, 200, 200, 200, 200, 200),
    "watchShow": Row("GET", "/api/shows/{show}/live?wait=0", 200, 200, 200, 200, 200, 200),
    "watchShows": Row("GET", "/api/live?shows={show}&wait=0", 200, 200, 200, 200, 200, 200),
    "createShow": Row("POST", "/api/shows", 401, 403, 403, 403, 403, 201, SHOW),
    "updateShow": Row("PUT", "/api/shows/{show}", 401, 403, 403, 403, 403, 200, {"name": "Other"}),
    "deleteShow": Row("DELETE", "/api/shows/{empty show}", 401, 403, 403, 403, 403, 200),
    "getShowStats": Row("GET", "/api/shows/{show}/stats", 401, 403, 403, 403, 200, 200),
    "listShowChanges": Row("GET", "/api/shows/{show}/changes", 401, 403, 403, 200, 200, 200),
    "createUser": Row(
        "POST", "/api/users", 401, 200, 403, 200, 200, 200, {"name": "Ada", "email": "ada@example.com"}
    ),
    "listUsers": Row("GET", "/api/users", 401, 403, 403, 403, 200, 200),
    "getUser": Row("GET", "/api/users/{user}", 401, 200, 404, 200, 200, 200),
    "updateUser": Row("PUT", "/api/users/{user}", 401, 200, 404, 200, 200, 200, {"name": "Ada Byron"}),
    "eraseUser": Row("DELETE", "/api/users/{user}", 401, 200, 404, 403, 403, 200),
    "exportUser": Row("GET", "/api/users/{user}/export", 401, 200, 404, 403, 403, 200),
    "bookSeats": Row(
        "POST",
        "/api/bookings",
        401,
        201,
        403,
        201,
        201,
        201,
        {"user_id": "{user}", "show_id": "{show}"} | HOLD,
    ),
    "getBooking": Row("GET", "/api/bookings/{hold}", 401, 200, 404, 200, 200, 200),
    "cancelBooking": Row("DELETE", "/api/bookings/{hold}", 401, 200, 404, 200, 200, 200),
    "returnSeats": Row(
        "POST", "/api/bookings/{hold}/return", 401, 200, 404, 200, 200, 200, {"seat_numbers": [1]}
    ),
    "extendHold": Row("POST", "/api/bookings/{hold}/extend", 401, 200, 404, 200, 200, 200),
    "confirmBooking": Row("POST", "/api/bookings/{hold}/confirm", 401, 403, 403, 200, 200, 200),
    "failBooking": Row("POST", "/api/bookings/{hold}/fail", 401, 403, 403, 200, 200, 200),
    "listBookings": Row("GET", "/api/bookings?user_id={user}", 401, 403, 403, 200, 200, 200),
    "listBookingsOfUser": Row("GET", "/api/bookings/user/{user}", 401, 200, 404, 200, 200, 200),
    "listBookingsOfShow": Row("GET", "/api/bookings/show/{show}", 401, 403, 403, 403, 200, 200),
    "expireOldBookings": Row("POST", "/api/bookings/expire-old", 401, 403, 403, 403, 200, 200),
    "listSeats": Row("GET", "/api/admin/shows/{show}/seats", 401, 403, 403, 403, 200, 200),
    "blockSeats": Row(
        "POST",
        "/api/admin/shows/{show}/seats/block",
        401,
        403,
        403,
        403,
        200,
        200,
        {"seat_numbers": [9], "reason": "camera"},
    ),
    "unblockSeats": Row(
        "POST",
        "/api/admin/shows/{show}/seats/unblock",
        401,
        403,
        403,
        403,
        200,
        200,
        {"seat_numbers": [10]},
    ),
    "forceCancelBooking": Row(
        "POST", "/api/admin/bookings/{hold}/cancel", 401, 403, 403, 403, 200, 200, {"reason": "rain"}
    ),
    "createWebhook": Row(
        "POST",
        "/api/webhooks",
        401,
        403,
        403,
        403,
        403,
        201,
        {"name": "Shop", "url": "https://localhost/", "show_ids": ["{show}"]},
    ),
    "listWebhooks": Row("GET", "/api/webhooks", 401, 403, 403, 403, 403, 200),
    "getWebhook": Row("GET", "/api/webhooks/{webhook}", 401, 403, 403, 403, 403, 200),
    "updateWebhook": Row("PUT", "/api/webhooks/{webhook}", 401, 403, 403, 403, 403, 200, {"name": "Other"}),
    "deleteWebhook": Row("DELETE", "/api/webhooks/{webhook}", 401, 403, 403, 403, 403, 200),
    "testWebhook": Row("POST", "/api/webhooks/{webhook}/test", 401, 403, 403, 403, 403, 200),
    "rotateWebhookSecret": Row("POST", "/api/webhooks/{webhook}/rotate", 401, 403, 403, 403, 403, 200, {}),
    "pauseWebhook": Row("POST", "/api/webhooks/{webhook}/pause", 401, 403, 403, 403, 403, 200),
    "resumeWebhook": Row(
        "POST", "/api/webhooks/{webhook}/resume", 401, 403, 403, 403, 403, 200, {"backlog": "resume"}
    ),
    "replayWebhook": Row(
        "POST",
        "/api/webhooks/{webhook}/replay",
        401,
        403,
        403,
        403,
        403,
        200,
        {"show_id": "{show}", "from": 1, "to": 1},
    ),
    "listWebhookAttempts": Row("GET", "/api/webhooks/{webhook}/attempts", 401, 403, 403, 403, 403, 200),
    "listWebhookLetters": Row("GET", "/api/webhooks/{webhook}/parked", 401, 403, 403, 403, 403, 200),
    "retryWebhookLetter": Row(
        "POST", "/api/webhooks/{webhook}/parked/{letter}/retry", 401, 403, 403, 403, 403, 200
    ),
    "listWebhookKeys": Row("GET", "/api/webhook-keys", 200, 200, 200, 200, 200, 200),
    "getRequest": Row("GET", "/api/requests/{ticket}", 401, 200, 404, 404, 200, 200),
    "withdrawRequest": Row("DELETE", "/api/requests/{ticket}", 401, 409, 404, 404, 409, 409),
    "listChangedShows": Row("GET", "/api/changes", 401, 403, 403, 200, 200, 200),
    "listFeeds": Row("GET", "/api/feeds", 401, 403, 403, 200, 200, 200),
    "createFeed": Row("PUT", "/api/feeds/new-{show}", 401, 403, 403, 200, 200, 200, {"show_ids": ["{show}"]}),
    "getFeed": Row("GET", "/api/feeds/{feed}", 401, 403, 403, 200, 200, 200),
    "listFeedEvents": Row("GET", "/api/feeds/{feed}/events", 401, 403, 403, 200, 200, 200),
    "ackFeed": Row(
        *("POST", "/api/feeds/{feed}/ack", 401, 403, 403, 409, 409, 409), {"events": ["1-9-00000000"]}
    ),
    "deleteFeed": Row("DELETE", "/api/feeds/{feed}", 401, 403, 403, 200, 200, 200),
    "getHealth": Row("GET", "/health", 200, 200, 200, 200, 200, 200),
    "/": Row("GET", "/", 200, 200, 200, 200, 200, 200),
    "/healthz": Row("GET", "/healthz", 200, 200, 200, 200, 200, 200),
    "/readyz": Row("GET", "/readyz", 200, 200, 200, 200, 200, 200),
    "/api-docs": Row("GET", "/api-docs", 200, 200, 200, 200, 200, 200),
    "/api-docs/assets/{file_path}": Row("GET", "/api-docs/assets/docs.js", 200, 200, 200, 200, 200, 200),
    "/api/openapi.json": Row("GET", "/api/openapi.json", 200, 200, 200, 200, 200, 200),
    "/metrics": Row("GET", "/metrics", 401, 403, 403, 200, 200, 200),
}
FINDS_NOTHING: Final = ("listBookings", "listChangedShows", "listFeeds", "listWebhooks")
"""Operations that find nothing outside the shows of a key, and refuse nothing."""

REFUSED: Final = ("expired key", "revoked key", "unknown key", "wrong audience token", "expired token")
"""Credentials that get 401 from every operation."""


def test_the_table_names_every_operation() -> None:
    assert set(TABLE) == set(declared())


async def scene(callers: Callers, *, of: Row) -> dict[str, Any]:
    """A show whose seat 10 is blocked, a show without bookings, Ada the customer, and what of Ada's the row
    is about: a hold, a request, or a webhook of both shows, which reaches nobody, with a letter.
    """
    async with callers.api("admin") as admin, callers.api("customer") as ada:
        show = (await admin.show())["id"]
        empty = (await admin.show())["id"]
        blocked = {"seat_numbers": [10], "reason": "house"}
        data_of(await admin.http.post(f"/api/admin/shows/{show}/seats/block", json=blocked))
        user = data_of(await ada.http.get("/api/users/me"))["id"]
        data_of(await admin.http.put(f"/api/feeds/of-{show}", json={"show_ids": [show]}))
        made = {"{show}": show, "{empty show}": empty, "{user}": user, "{hold}": 0, "{feed}": f"of-{show}"}
        if "{hold}" in of.path:
            made["{hold}"] = data_of(
                await ada.http.post("/api/bookings", json={"show_id": show} | HOLD), 201
            )["id"]
        if "{webhook}" in of.path:
            body = {"name": "Shop", "url": "https://localhost/", "show_ids": [show, empty]}
            hook = data_of(await admin.http.post("/api/webhooks", json=body), 201)["webhook"]["id"]
            replay = {"show_id": show, "from": 1, "to": 1}
            data_of(await admin.http.post(f"/api/webhooks/{hook}/replay", json=replay))
            [letter] = listed(await admin.http.get(f"/api/webhooks/{hook}/parked"))
            made |= {"{webhook}": hook, "{letter}": letter["id"]}
        if "{ticket}" in of.path:
            made["{ticket}"] = await decided_request(ada, show)
        return made


async def decided_request(ada: Api, show: int) -> str:
    """The ticket of a request of Ada's that is decided."""
    wish = {"Prefer": "respond-async"}
    response = await ada.http.post("/api/bookings", json={"show_id": show} | HOLD, headers=wish)
    ticket: str = data_of(response, 202)["ticket"]
    assert data_of(await ada.http.get(f"/api/requests/{ticket}?wait=20"))["state"] == "done"
    return ticket


async def ask(api: Api, row: Row, made: dict[str, Any]) -> int:
    """The status that the operation answers about the things of a scene."""
    path = row.path
    for name, number in made.items():
        path = path.replace(name, str(number))
    body = row.body and {name: _filled(value, made) for name, value in row.body.items()}
    return (await api.http.request(row.method, path, json=body)).status_code


def _filled(value: Any, made: dict[str, Any]) -> Any:
    return [_filled(item, made) for item in value] if isinstance(value, list) else made.get(str(value), value)


def expected(row: Row) -> dict[Credential, int]:
    """The status that each caller must get."""
    known: dict[Credential, int] = {
        "nobody": row.nobody,
        "customer": row.customer,
        "other customer": row.other,
        "service": row.service,
        "operator": row.operator,
        "admin": row.admin,
    }
    return known | dict.fromkeys(REFUSED, 401)


@pytest.mark.parametrize("operation", TABLE)
async def test_each_caller_gets_what_the_table_says(callers: Callers, operation: str) -> None:
    row = TABLE[operation]
    wanted = expected(row)
    assert set(wanted) == set(get_args(Credential))
    got: dict[Credential, int] = {}
    made = await scene(callers, of=row)
    # Callers who must be refused come first, all to one scene: a refused request must have no effect on it.
    for credential in sorted(wanted, key=lambda name: wanted[name], reverse=True):
        async with callers.api(credential) as api:
            got[credential] = await ask(api, row, made)
        if wanted[credential] < 400:
            made = await scene(callers, of=row)
    assert got == wanted


@pytest.mark.parametrize("operation", TABLE)
async def test_an_admins_key_for_one_show_reaches_that_show_and_nothing_else(
    callers: Callers, operation: str
) -> None:
    row, narrowed = TABLE[operation], declared()[operation].narrowed
    made = await scene(callers, of=row)
    async with callers.api("admin") as admin:
        elsewhere = (await admin.show())["id"]
    here = [made["{show}"], made["{empty show}"]]
    got = {}
    for name, shows in (("elsewhere", [elsewhere]), ("here", here)):  # what is refused comes first
        async with callers.api_with(bearer(await callers.key(Role.ADMIN, shows=shows))) as api:
            got[name] = await ask(api, row, made)
    searches = operation in FINDS_NOTHING  # a list of what the key is for
    hidden = row.admin if searches else {"any": row.admin, "shows": 404, "no": 403}[narrowed]
    assert got == {"elsewhere": hidden, "here": 403 if narrowed == "no" else row.admin}


async def test_a_search_finds_nothing_outside_the_shows_of_a_key(callers: Callers) -> None:
    made = await scene(callers, of=TABLE["getBooking"])
    path = f"/api/bookings?user_id={made['{user}']}"
    for show, found in ((made["{show}"], [made["{hold}"]]), (made["{empty show}"], [])):
        async with callers.api_with(bearer(await callers.key(Role.SERVICE, shows=[show]))) as api:
            for query in ("", f"&show_id={made['{show}']}"):
                assert [booking["id"] for booking in listed(await api.http.get(path + query))] == found
