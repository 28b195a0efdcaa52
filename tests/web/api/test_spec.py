"""The answers of the operations that every client uses, field for field."""

import re

from tests.support.http.api import START, Api, data_of

_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


async def test_booking_answers_with_the_fields_that_clients_read(api: Api) -> None:
    user, show = await api.user(), await api.show()
    body = {"user_id": user["id"], "show_id": show["id"], "seats_booked": 3}
    response = await api.http.post("/api/bookings", json=body)
    assert response.status_code == 201
    answer = response.json()
    assert list(answer) == ["success", "data", "message"]
    assert answer["success"] is True
    assert answer["message"] == "Booking confirmed successfully"
    data = answer["data"]
    assert {name: data[name] for name in ("user_id", "show_id", "seats_booked", "status")} == {
        "user_id": user["id"],
        "show_id": show["id"],
        "seats_booked": 3,
        "status": "CONFIRMED",
    }
    assert isinstance(data["id"], int)
    assert _UTC.fullmatch(data["created_at"])
    assert _UTC.fullmatch(data["updated_at"])
    assert data["seats"] == [1, 2, 3]
    assert data["released_seats"] == []
    assert data["expires_at"] is None


async def test_every_path_that_clients_use_answers(api: Api) -> None:
    show = {"name": "Movie XYZ", "start_time": START, "total_seats": 100, "show_type": "movie"}
    person = {"name": "John Doe", "email": "john@example.com"}
    changes = {"name": "Jane Doe", "email": "jane@example.com"}
    for method, path, body, status in (
        ("POST", "/api/shows", show, 201),
        ("GET", "/api/shows", None, 200),
        ("GET", "/api/shows/1", None, 200),
        ("GET", "/api/shows/type/movie", None, 200),
        ("GET", "/api/shows/1/available-seats", None, 200),
        ("GET", "/api/shows/1/stats", None, 200),
        ("PUT", "/api/shows/1", {"name": "Updated Name", "start_time": "2030-12-15T19:00:00Z"}, 200),
        ("POST", "/api/users", person, 201),
        ("GET", "/api/users", None, 200),
        ("GET", "/api/users/1", None, 200),
        ("PUT", "/api/users/1", changes, 200),
        ("POST", "/api/bookings", {"user_id": 1, "show_id": 1, "seats_booked": 3}, 201),
        ("GET", "/api/bookings/16777217", None, 200),
        ("GET", "/api/bookings/user/1", None, 200),
        ("GET", "/api/bookings/show/1", None, 200),
        ("DELETE", "/api/bookings/16777217", None, 200),
        ("POST", "/api/bookings/expire-old", None, 200),
        ("DELETE", "/api/shows/1", None, 200),
        ("GET", "/health", None, 200),
        ("GET", "/api-docs", None, 200),
    ):
        response = await api.http.request(method, path, json=body)
        assert response.status_code == status, (method, path, response.text)


async def test_an_error_has_what_clients_of_the_old_envelope_look_for(api: Api) -> None:
    body = (await api.http.get("/api/shows/4711")).json()
    assert body["success"] is False
    assert body["error"] == "There is no such show"


async def test_old_dates_are_taken(api: Api) -> None:
    show = await api.show(start_time="2024-12-15T18:30:00Z")
    assert show["start_time"] == "2024-12-15T18:30:00Z"
    assert data_of(await api.http.get(f"/api/shows/{show['id']}"))["name"] == "Movie XYZ"
