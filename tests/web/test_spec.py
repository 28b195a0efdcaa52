"""The answers that the specification shows, field for field."""

import re

from tests.web.api import Api

_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


async def test_booking_answers_with_the_fields_of_the_specification(api: Api) -> None:
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
