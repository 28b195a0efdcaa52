"""A server with a broker in its settings: what is booked over HTTP is in the broker."""

import json
from typing import Any
from urllib.parse import urlsplit

import httpx
import redis

from tests.support.brokers.servers import redis_server
from tests.support.process.polling import wait_until
from tests.support.process.program import Program


def test_a_booking_arrives_at_the_broker_by_one_setting(program: Program) -> None:
    with redis_server() as server:
        program.environment |= {"RELAY_URLS": server.url, "EVENT_SOURCE": "https://tickets.example"}
        program.serve("--demo")
        client = redis.Redis(port=urlsplit(server.url).port or 0, protocol=2, decode_responses=True)
        shows = httpx.get(f"{program.url}/api/shows").json()["data"]
        show = next(show["id"] for show in shows if show["available_seats"])
        body = {"user_id": 1, "show_id": show, "seats_booked": 1}
        assert httpx.post(f"{program.url}/api/bookings", json=body).status_code == 201
        wait_until(lambda: client.exists(f"bo:show:{show}") == 1, "the booking in Redis")
        entries: Any = client.xrange(f"bo:show:{show}")
        [(_, fields)] = entries
        event = json.loads(fields["event"])
        client.close()
        program.close()
    assert (event["source"], event["type"]) == ("https://tickets.example", "boxoffice.booking.booked.v1")


def test_a_server_with_an_address_that_is_no_broker_does_not_start(program: Program) -> None:
    """The line says what is expected, before anything is started."""
    told = program.run("serve", RELAY_URLS="http://broker")
    assert told.returncode == 1
    assert "RELAY_URLS is set; expected up to eight addresses" in told.stderr
