"""What the doctor makes of what it sees."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from boxoffice.database.publication import COLUMNS
from boxoffice.doctor import examine, server, slots, tables
from boxoffice.doctor.verdicts import Level, Rows, Situation, Verdict
from boxoffice.sql import scripts
from tests.support.settings import settings_of

Judge = Callable[[Rows, Situation], Verdict]

DEFAULT = Situation(settings_of(DATABASE_URL="postgresql://host/name"))

WELL: dict[str, Any] = {
    "version_num": 180_007,
    "encoding": "UTF8",
    "in_recovery": False,
    "read_only": False,
    "apart_s": -0.9,
    "round_trip_ms": 4.9,
    "encrypted": True,
    "local": False,
    "max_connections": 100,
    "reserved": 3,
    "used": 77,
    "others": 77,
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    **server.PREDICATE_LOCKS,
    "bounds_transactions": True,
    "tcp_user_timeout": 0,
    "tcp_keepalives_idle": 0,
    "xid_age": 500_000_000,
    "autovacuum": "on",
    "track_counts": "on",
    "name": "show_inventory",
    "application_name": "psql",
    "who": "4711",
    "state": "active",
    "open_s": 60.0,
    "hidden": 0,
    "waited_s": 0.5,
    "blockers": "4712",
    "unanalyzed": True,
    "bytes": 1_000_000,
    "autovacuum_off": False,
    "live_rows": 20_000,
    "dead_rows": 10_000,
    "stays_hot": True,
    "updates": 100_000,
    "hot_updates": 90_000,
    "holds": 7,
    "latest_s": 10.0,
    "plugin": "pgoutput",
    "here": True,
    "active": True,
    "wal_status": "reserved",
    "retained_bytes": 1e9,
    "inactive_s": None,
    "failover": True,
    "kept_mb_max": 50_000,
    "disk_bytes": 10_000_000_000,
    "wal_level": "logical",
    "may_create": True,
    "owns": True,
    "published": [f"show_events.{column}" for column in COLUMNS],
    "only_inserts": True,
    "standby_slots": "",
}
"""Just well: on the good side of every bound."""

ILL: list[tuple[Judge, dict[str, Any], str]] = [
    (server.judge_version, {"version_num": 130_023}, "error"),
    (server.judge_version, {"version_num": 150_019}, "warning"),
    (server.judge_version, {"version_num": 180_006}, "warning"),
    (server.judge_version, {"version_num": 140_025}, "warning"),
    (server.judge_encoding, {"encoding": "SQL_ASCII"}, "error"),
    (server.judge_role, {"in_recovery": True}, "error"),
    (server.judge_role, {"read_only": True}, "error"),
    (server.judge_clock, {"apart_s": -1.1}, "warning"),
    (server.judge_clock, {"apart_s": 3600.0}, "warning"),
    (server.judge_round_trip, {"round_trip_ms": 5.1}, "warning"),
    (server.judge_encryption, {"encrypted": False}, "warning"),
    (server.judge_connections, {"others": 78}, "error"),
    (server.judge_connections, {"used": 78}, "warning"),
    (server.judge_durability, {"fsync": "off"}, "error"),
    (server.judge_durability, {"full_page_writes": "off"}, "error"),
    (server.judge_durability, {"synchronous_commit": "off"}, "error"),
    (server.judge_predicate_locks, {"max_pred_locks_per_relation": 32}, "warning"),
    (server.judge_silence, {"bounds_transactions": False}, "warning"),
    (server.judge_silence, {"bounds_transactions": False, "tcp_user_timeout": 9000}, "warning"),
    (server.judge_transaction_ids, {"xid_age": 500_000_001}, "warning"),
    (server.judge_transaction_ids, {"xid_age": 1_500_000_001}, "error"),
    (server.judge_autovacuum, {"autovacuum": "off"}, "error"),
    (server.judge_autovacuum, {"track_counts": "off"}, "error"),
    (server.judge_transactions, {"open_s": 60.1}, "warning"),
    (server.judge_transactions, {"open_s": 5.1, "state": "idle in transaction"}, "warning"),
    (server.judge_lock_waits, {"waited_s": 0.6}, "warning"),
    (slots.judge_slots, {"wal_status": "lost"}, "error"),
    (slots.judge_slots, {"active": False, "inactive_s": 3_600.0}, "error"),
    (slots.judge_slots, {"retained_bytes": 1e9 + 1}, "error"),
    (slots.judge_slots, {"retained_bytes": 10 * 2.0**30 + 1, "disk_bytes": None}, "error"),
    (slots.judge_slots, {"active": False, "inactive_s": 3_599.0}, "warning"),
    (slots.judge_slots, {"active": False}, "warning"),  # PostgreSQL 16 does not tell since when
    (slots.judge_slots, {"wal_status": "unreserved"}, "warning"),
    (slots.judge_slots, {"kept_mb_max": -1}, "warning"),
    (slots.judge_publication, {"published": ["show_events.*"]}, "error"),
    (slots.judge_publication, {"only_inserts": False}, "error"),
    (tables.judge_statistics, {"bytes": 1_000_001}, "warning"),
    (tables.judge_bloat, {"dead_rows": 10_001}, "warning"),
    (tables.judge_bloat, {"autovacuum_off": True}, "warning"),
    (tables.judge_hot_updates, {"hot_updates": 89_999}, "warning"),
    (tables.judge_overdue, {"latest_s": 10.1}, "warning"),
]
"""What makes each of them ill."""

STILL_WELL: list[tuple[Judge, dict[str, Any]]] = [
    (server.judge_version, {"version_num": 150_020}),
    (server.judge_version, {"version_num": 190_000}),
    (server.judge_encryption, {"encrypted": False, "local": True}),
    (server.judge_silence, {"bounds_transactions": False, "local": True}),
    (
        server.judge_silence,
        {"bounds_transactions": False, "tcp_user_timeout": 9000, "tcp_keepalives_idle": 30},
    ),
    (slots.judge_slots, {"retained_bytes": 10 * 2.0**30, "disk_bytes": None}),
    (slots.judge_publication, {"published": None, "only_inserts": None}),
    (tables.judge_bloat, {"live_rows": 10, "dead_rows": 9_999}),
    (tables.judge_hot_updates, {"updates": 10_000, "hot_updates": 0}),
    (tables.judge_hot_updates, {"stays_hot": False, "hot_updates": 0}),
    (tables.judge_overdue, {"holds": 0, "latest_s": 99.0}),
]


@pytest.mark.parametrize("judge", dict.fromkeys(judge for judge, _, _ in ILL))
def test_what_is_on_the_good_side_of_every_bound_is_well(judge: Judge) -> None:
    assert judge([WELL], DEFAULT).level is Level.OK


@pytest.mark.parametrize(("judge", "change", "level"), ILL)
def test_what_is_past_a_bound_is_told_with_what_to_do(
    judge: Judge, change: dict[str, Any], level: str
) -> None:
    verdict = judge([WELL | change], DEFAULT)

    assert verdict.level == level
    assert verdict.seen
    assert verdict.advice
    assert "\n" not in verdict.advice


@pytest.mark.parametrize(("judge", "change"), STILL_WELL)
def test_what_does_no_harm_is_well(judge: Judge, change: dict[str, Any]) -> None:
    assert judge([WELL | change], DEFAULT).level is Level.OK


def test_every_judge_but_those_of_lists_is_tried_here() -> None:
    judges = {check.judge for check in (*examine.ABOUT_THE_SERVER, *examine.ABOUT_THE_TABLES)}

    assert judges - {judge for judge, _, _ in ILL} == {tables.judge_indexes, tables.judge_additions}


def test_a_slot_is_named_with_its_bytes() -> None:
    rows = [
        WELL | {"name": name, "wal_status": status} for name, status in (("a", "lost"), ("b", "extended"))
    ]

    seen = slots.judge_slots(rows, DEFAULT).seen

    assert seen.startswith("a retains 1,000,000,000 bytes")
    assert "b retains" not in seen
    assert slots.judge_slots([], DEFAULT).level is Level.OK


def test_the_size_of_a_disk_is_known_on_this_machine_alone(tmp_path: Path) -> None:
    assert slots.disk_bytes(str(tmp_path), local=True) == shutil.disk_usage(tmp_path).total
    assert slots.disk_bytes(str(tmp_path), local=False) is None
    assert slots.disk_bytes(str(tmp_path / "elsewhere"), local=True) is None
    assert slots.disk_bytes(None, local=True) is None


def test_what_serializable_needs_is_not_asked_of_read_committed() -> None:
    relaxed = Situation(settings_of(DB_ISOLATION="read_committed"))

    assert server.judge_predicate_locks([WELL | {"max_pred_locks_per_page": 2}], relaxed).level is Level.OK
    assert server.judge_version([WELL | {"version_num": 150_018}], relaxed).level is Level.OK


def test_all_processes_are_counted() -> None:
    row = WELL | {"others": 0, "used": 0}
    levels = [
        server.judge_connections([row], Situation(settings_of(DB_POOL_MAX=48), n)).level for n in (1, 2, 3)
    ]
    assert levels == ["ok", "ok", "error"]


def test_a_slow_sweeper_has_more_time() -> None:
    slow = Situation(settings_of(SWEEP_INTERVAL_SECONDS=60))

    assert tables.judge_overdue([WELL | {"latest_s": 180.0}], slow).level is Level.OK
    assert tables.judge_overdue([WELL | {"latest_s": 181.0}], slow).level is Level.WARNING


def test_every_query_says_what_it_asks_and_is_used() -> None:
    asked = {check.query for check in (*examine.ABOUT_THE_SERVER, *examine.ABOUT_THE_TABLES)}

    assert set(scripts("doctor")) == asked - {"slots", "publication"} | {"clock", "data_folder"}
    for name, text in scripts("doctor").items():
        assert text.startswith("-- "), name
