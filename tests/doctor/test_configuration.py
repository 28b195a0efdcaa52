"""What the doctor makes of the settings: each combination that undoes a promise is told, and nothing else."""

from typing import Any

import pytest

from boxoffice.doctor.configuration import judge_settings
from boxoffice.doctor.openness import OPENNESS
from boxoffice.doctor.promises import PROMISES
from boxoffice.doctor.verdicts import Situation, Verdict
from tests.support.settings import settings_of

SOUND: dict[str, Any] = {
    "APP_ENV": "production",
    "DATABASE_URL": "postgresql://host/name",
    "AUTH": "on",
    "TRUSTED_PROXIES": "10.0.0.0/8",
}


def test_a_sound_production_has_nothing_to_be_told() -> None:
    assert [v.level for v in judge_settings(Situation(settings_of(**SOUND)))] == ["ok"]


@pytest.mark.parametrize(
    ("change", "level", "told"),
    [
        ({"AUTH": None}, "error", "refuse to start"),
        ({"AUTH": "off"}, "error", "AUTH=off"),
        ({"DATABASE_URL": None}, "warning", "embedded"),
        ({"TRUSTED_PROXIES": None}, "warning", "TRUSTED_PROXIES"),
        ({"CORS_ORIGINS": "*"}, "warning", "any origin"),
        ({"HSTS": "false"}, "warning", "HSTS"),
        ({"SWEEP_INTERVAL_SECONDS": 3600}, "warning", "less often"),
    ],
)
def test_a_dangerous_setting_is_told(change: dict[str, Any], level: str, told: str) -> None:
    [verdict] = judge_settings(Situation(settings_of(**(SOUND | change))))

    assert (verdict.level, told in verdict.seen) == (level, True)


OPEN = {"APP_ENV": None, "AUTH": None, "TRUSTED_PROXIES": None}
"""A server for this machine alone, without the settings of production."""

PROVIDER = {"JWT_ISSUER": "https://id.example", "JWT_AUDIENCE": "tickets"}

ILL: list[tuple[dict[str, Any], str]] = [
    ({"TRUSTED_PROXIES": "0.0.0.0/0"}, "TRUSTED_PROXIES has"),
    ({"TRUSTED_PROXIES": "10.0.0.0/8,::/0"}, "TRUSTED_PROXIES has"),
    ({"TRUSTED_PROXIES": "128.0.0.0/1"}, "TRUSTED_PROXIES has"),
    ({"TRUSTED_PROXIES": "8.0.0.0/7"}, "TRUSTED_PROXIES has"),
    ({"TRUSTED_PROXIES": "2000::/3"}, "TRUSTED_PROXIES has"),
    (OPEN | {"AUTH": "off", "HOST": "192.0.2.1"}, "other machines reach HOST"),
    (OPEN | {"CORS_ORIGINS": "*"}, "any page"),
    ({"AUTH": "off", "CORS_ORIGINS": "*"}, "any page"),
    (OPEN | {"TRUSTED_PROXIES": "127.0.0.1"}, "get 403"),
    ({"CORS_ORIGINS": "https://a.example,http://shop.example"}, "without HTTPS"),
    ({"CORS_ORIGINS": "http://shop.example:*"}, "without HTTPS"),
    (PROVIDER | {"JWT_ISSUER": "http://localhost:8080/realms/x"}, "this machine"),
    (PROVIDER | {"AUTH": "off"}, "of no effect"),
    ({"JWT_ROLES_CLAIM": "roles"}, "JWT_ROLES_CLAIM"),
    ({"RATE_READS_PER_MINUTE": 60_001}, "too high"),
    ({"RATE_WRITES_PER_MINUTE": 1_000_000}, "too high"),
    ({"RATE_LIMIT_REDIS_URL": "redis://:secret@redis.example:6379/0"}, "unencrypted"),
    ({"CACHE_REDIS_URL": "redis://:secret@redis.example:6379/0"}, "unencrypted"),
    ({"BOOKING_EXPIRY_MINUTES": 20, "HOLD_LIFETIME_MINUTES_MAX": 10}, "ends every hold"),
    ({"BOOKING_EXPIRY_MINUTES": 0.49}, "before anybody can pay"),
    ({"STAFF_HOLD_MINUTES_MAX": 9}, "STAFF_HOLD_MINUTES_MAX"),
    ({"HOLD_COOLDOWN_SECONDS": 0}, "for ever"),
    ({"BOOKING_EXPIRY_MINUTES": 720}, "for ever"),
    ({"HOLD_SECONDS_MIN": 0.9}, "below a second"),
    ({"BOOKINGS_MADE_PER_USER_AND_SHOW_MAX": 1_001}, "bounds nobody"),
    ({"SEATS_PER_BOOKING_MAX": 101, "BOOKINGS_PER_USER_AND_SHOW_MAX": 3}, "hold the hall"),
    ({"CUSTOMERS_CONFIRM": "true", "BOOKINGS_PER_USER_AND_SHOW_MAX": 21}, "without a payment"),
    ({"HOLDS_PER_USER_AND_SHOW_MAX": 7}, "met first"),
    ({"BOOKINGS_PER_USER_AND_SHOW_MAX": 1}, "met first"),
    ({"BOOKINGS_MADE_PER_USER_AND_SHOW_MAX": 9}, "met first"),
    ({"REPLICA_URL": "postgresql://standby/x", "REPLICA_LAG_SECONDS_MAX": 121}, "REPLICA_LAG"),
    ({"IDEMPOTENCY_KEYS_KEPT_DAYS": 2}, "repeat"),
    ({"DRAIN_DELAY_SECONDS": 10.1}, "kill a process"),
    ({"SLOW_QUERY_SECONDS": 5.1}, "ever logged"),
]
"""Just on the bad side of each bound."""

WELL: list[dict[str, Any]] = [
    {"TRUSTED_PROXIES": "10.0.0.0/8,172.16.0.0/12,fc00::/7,2400:cb00::/32"},
    OPEN | {"AUTH": "off"},
    OPEN | {"AUTH": "on", "TRUSTED_PROXIES": "127.0.0.1"},
    {"CORS_ORIGINS": "https://shop.example,http://localhost:*"},
    PROVIDER | {"JWT_ROLES_CLAIM": "roles"},
    OPEN | PROVIDER | {"AUTH": "on", "JWT_ISSUER": "http://localhost:8080/realms/x"},
    {"RATE_READS_PER_MINUTE": 60_000},
    {"RATE_LIMIT_REDIS_URL": "redis://redis.example:6379/0"},
    {"CACHE_REDIS_URL": "redis://redis.example:6379/0"},
    {"RATE_LIMIT_REDIS_URL": "redis://:secret@localhost:6379/0"},
    {"RATE_LIMIT_REDIS_URL": "rediss://:secret@redis.example:6379/0"},
    {"BOOKING_EXPIRY_MINUTES": 20, "HOLD_COOLDOWN_SECONDS": 120},
    {"HOLD_SECONDS_MIN": 1},
    {"BOOKINGS_MADE_PER_USER_AND_SHOW_MAX": 1_000},
    {"STAFF_HOLD_MINUTES_MAX": 10},
    {"SEATS_PER_BOOKING_MAX": 100},
    {"CUSTOMERS_CONFIRM": "true"},
    {"HOLDS_PER_USER_AND_SHOW_MAX": 6},
    {"REPLICA_LAG_SECONDS_MAX": 121},
    {"IDEMPOTENCY_KEYS_KEPT_DAYS": 3},
    {"DRAIN_DELAY_SECONDS": 10},
    {"SLOW_QUERY_SECONDS": 5},
]
"""Just on the good side."""


def told(**environ: Any) -> list[Verdict]:
    """What the rules of combinations tell of a production with these settings."""
    settings = settings_of(**(SOUND | environ))
    return [rule.verdict for rule in (*OPENNESS, *PROMISES) if rule.found(settings)]


@pytest.mark.parametrize(("change", "seen"), ILL, ids=str)
def test_a_combination_that_undoes_a_promise_is_told(change: dict[str, Any], seen: str) -> None:
    [verdict] = [verdict for verdict in told(**change) if seen in verdict.seen]
    assert verdict in judge_settings(Situation(settings_of(**(SOUND | change))))
    assert verdict.level in ("warning", "error")
    assert verdict.advice
    assert "\n" not in verdict.advice


@pytest.mark.parametrize("change", WELL, ids=str)
def test_a_combination_that_undoes_nothing_is_not_told(change: dict[str, Any]) -> None:
    assert told(**change) == []


def test_every_rule_is_tried_here() -> None:
    found = {verdict.seen for change, _ in ILL for verdict in told(**change)}
    assert found == {rule.verdict.seen for rule in (*OPENNESS, *PROMISES)}


def test_several_processes_that_count_rates_alone_are_told() -> None:
    [verdict] = judge_settings(Situation(settings_of(**SOUND), processes=4))

    assert "RATE_LIMIT_REDIS_URL" in verdict.advice
