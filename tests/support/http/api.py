"""Steps that many tests of the web layer share: a show, a user or a booking is made, a problem is checked."""

from typing import Any, Final

from httpx import AsyncClient, Response

START: Final = "2030-12-15T18:30:00Z"
Json = dict[str, Any]


class Api:
    """A client that knows the resources; ``http`` is its plain HTTP client."""

    def __init__(self, http: AsyncClient) -> None:
        self.http = http

    async def show(self, seats: int = 10, **fields: object) -> Json:
        """A new show."""
        body = {"name": "Movie XYZ", "start_time": START, "total_seats": seats, "show_type": "movie"}
        return data_of(await self.http.post("/api/shows", json=body | fields), 201)

    async def user(self, email: str = "john@example.com", name: str = "John Doe") -> Json:
        """A new user."""
        return data_of(await self.http.post("/api/users", json={"name": name, "email": email}), 201)

    async def booking(self, show_id: int, user_id: int, **fields: object) -> Json:
        """A new booking, of one seat unless told otherwise."""
        wanted: Json = {} if "seat_numbers" in fields else {"seats_booked": 1}
        body = {"user_id": user_id, "show_id": show_id} | wanted | fields
        return data_of(await self.http.post("/api/bookings", json=body), 201)

    async def hold(self, show_id: int, user_id: int, **fields: object) -> Json:
        """A new hold of one seat."""
        return await self.booking(show_id, user_id, status="PENDING", **fields)


def data_of(response: Response, status: int = 200) -> Json:
    """The data of a success answer."""
    assert response.status_code == status, response.text
    body = response.json()
    assert body["success"] is True
    assert body["message"]
    data: Json = body["data"]
    return data


def listed(response: Response) -> list[Json]:
    """The items of a list answer."""
    assert response.status_code == 200, response.text
    body = response.json()
    items: list[Json] = body["data"]
    assert body["meta"]["count"] == len(items)
    return items


def problem_of(response: Response, status: int, code: str) -> Json:
    """A problem, after a check that it has the shape of all problems."""
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    body: Json = response.json()
    assert body["code"] == code, body
    assert body["type"] == f"urn:boxoffice:problem:{code}"
    assert body["status"] == status
    assert body["success"] is False
    assert body["error"] == body["title"]
    assert body["detail"]
    assert body["request_id"] == response.headers["x-request-id"]
    assert response.headers["cache-control"] == "no-store"
    return body
