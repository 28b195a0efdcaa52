"""What the benchmark's load generators send."""

import resource
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from boxoffice.bench.load import (
    Load,
    Request,
    booking,
    connections_possible,
    environment,
    read_requests,
    sample_of,
    write_requests,
)
from boxoffice.bench.mixed import CANCELS, DRAWN, EXPLICIT, HOLDS, READS, town_requests, zipf_weights
from boxoffice.bench.results import Sample


def sample(load: Load, answers: dict[str, int], effects: dict[str, int] | None = None) -> Sample:
    """What a generator makes of these counts in two seconds."""
    return sample_of(
        load, seconds=2, latency=None, answers=answers, effects=effects or {}, broken={}, in_flight=0
    )


def test_both_generators_read_what_was_written(tmp_path: Path) -> None:
    requests = [
        booking(1, 2, times=3),
        booking(1, 2, seat_numbers=[4, 5]),
        Request("GET", "/api/shows/1"),
        Request("DELETE", "/api/bookings/0", what="cancel"),
    ]
    write_requests(Load(requests=requests, connections=1, seconds=1), tmp_path / "requests")

    assert read_requests(tmp_path / "requests") == requests


def test_a_booking_asks_for_one_seat_unless_it_names_them() -> None:
    assert msgspec.json.decode(booking(7, 3).body) == {"user_id": 3, "show_id": 7, "seats_booked": 1}
    assert msgspec.json.decode(booking(7, 3, seat_numbers=[4, 5]).body) == {
        "user_id": 3,
        "show_id": 7,
        "seat_numbers": [4, 5],
    }


def test_every_success_is_a_booking_unless_the_answers_are_read() -> None:
    plain = Load(requests=[], connections=1, seconds=2)
    followed = Load(requests=[], connections=1, seconds=2, inspect="follow", unit="requests/s")

    assert sample(plain, {"201": 10, "409": 4}).rate == 5
    assert sample(plain, {"201": 10, "409": 4}).effects == {"booked": 10}
    assert sample(followed, {"200": 10, "201": 4}, {"held": 4}).rate == 7
    assert sample(followed, {"200": 10, "201": 4}, {"held": 4}).effects == {"held": 4}


def test_real_life_has_its_proportions() -> None:
    requests = town_requests(range(1, 21))
    kinds = Counter(
        "read"
        if r.method == "GET"
        else "cancel"
        if r.what == "cancel"
        else "hold"
        if "PENDING" in r.body
        else "seats"
        for r in requests
    )

    assert len(requests) == DRAWN
    for kind, share in (("read", READS), ("hold", HOLDS), ("seats", EXPLICIT), ("cancel", CANCELS)):
        assert kinds[kind] / DRAWN == pytest.approx(share / 100, abs=0.01)


def test_the_same_load_is_drawn_in_every_run() -> None:
    assert town_requests(range(1, 21)) == town_requests(range(1, 21))


def test_zipf_wants_the_second_half_as_often() -> None:
    assert zipf_weights(3) == pytest.approx([1, 1.5, 1.5 + 1 / 3])


def test_connections_are_bounded_by_the_limit_of_open_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    assert connections_possible(1) == 1
    if hard != resource.RLIM_INFINITY:
        assert connections_possible(hard * 2) < hard


def test_a_child_is_led_to_no_other_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/important")
    monkeypatch.setenv("DB_HOST", "elsewhere")
    monkeypatch.setenv("PGHOST", "elsewhere")
    monkeypatch.setenv("DB_ISOLATION", "read_committed")

    told = environment(PORT="1")

    assert {"DATABASE_URL", "DB_HOST", "PGHOST"}.isdisjoint(told)
    assert told["DB_ISOLATION"] == "read_committed"
    assert told["PORT"] == "1"
