"""Checks of the PostgreSQL server: its version, its settings, its sessions."""

from collections.abc import Mapping
from typing import Any, Final

from boxoffice.database.fitness import ENCODING, why_encoding_unfit, why_release_unfit
from boxoffice.doctor.verdicts import Rows, Situation, Verdict, error, ok, warning
from boxoffice.vocabulary import limits

CLOCK_APART_MAX_S: Final = 1.0
"""Seconds by which the database's clock may differ from this machine's: no sensible hold is shorter."""

ROUND_TRIP_MAX_MS: Final = 5.0
"""Milliseconds of a round trip. Above this the network takes as long as the work of a batch."""

CONNECTIONS_USED_MAX: Final = 0.8
"""Share of the connections in use above which processes that restart may not get a connection."""

TRANSACTION_LONG_S: Final = 60.0
"""Seconds from which on a transaction is reported as long. Ours last 5.5 s at most. A backup's transaction is
reported, too, and is harmless."""

TRANSACTION_IDLE_S: Final = limits.IDLE_IN_TRANSACTION_TIMEOUT_MS / 1000
"""Seconds from which on an idle transaction cannot be ours. It was forgotten, and may keep a show locked."""

LOCK_WAIT_LONG_S: Final = 0.5
"""Seconds from which on a wait for a lock is long. A batch keeps its locks for milliseconds only."""

XID_AGE_WARNING: Final = 500_000_000
"""Age of the oldest row that is not frozen, in transactions. Autovacuum should freeze from 200 million on."""

XID_AGE_ERROR: Final = 1_500_000_000
"""The same age at which it is urgent: PostgreSQL stops all writing at some 2 billion."""

PREDICATE_LOCKS: Final = {
    "max_pred_locks_per_transaction": 512,
    "max_pred_locks_per_relation": 20_000,
    "max_pred_locks_per_page": 200,
}
"""The settings of the embedded server. docs/performance.md has measurements with and without them."""

SERIALIZABLE_FAULTY_UP_TO: Final = {14: 24, 15: 19, 16: 15, 17: 11, 18: 6}
"""For each major release the minor release up to which SERIALIZABLE misses some conflicts: on rows that ON
CONFLICT meets, and in still older releases on an empty index, too. All listed are of 13 August 2026. Release
15.20 of 12 November 2026 mends the fault; 18.6 still has it. Which releases of 17 and 18 mend it is not
known, so the check says nothing about later ones."""

LAST_FIX: Final = {14: "November 2026"}
"""Major releases that get no more fixes, with the month of the last one."""


def judge_version(rows: Rows, situation: Situation) -> Verdict:
    """Whether this release has what we need, and no known fault that concerns us."""
    number = rows[0]["version_num"]
    major, minor = divmod(number, 10_000)
    seen = f"PostgreSQL {major}.{minor}"
    if why := why_release_unfit(major):
        return error(seen, why)
    faulty = minor <= SERIALIZABLE_FAULTY_UP_TO.get(major, -1)
    if faulty and situation.settings.database.isolation == "serializable":
        told = f"{seen}: SERIALIZABLE misses some conflicts there; our locks and keys do not rest on it"
        if situation.settings.database.is_embedded:  # its releases come with ours
            return ok(f"{told}; a later Boxoffice brings a later one")
        return warning(told, "update to the latest minor release, if it is of November 2026 or later")
    if major in LAST_FIX:
        return warning(f"{seen}: no more fixes since {LAST_FIX[major]}", "move to a newer major release")
    return ok(seen)


def judge_encoding(rows: Rows, _: Situation) -> Verdict:
    """Whether the database keeps every name as it is written."""
    encoding = rows[0]["encoding"]
    why = why_encoding_unfit(encoding)
    return ok(ENCODING) if why is None else error(f"the encoding of the database is {encoding}", why)


def judge_role(rows: Rows, _: Situation) -> Verdict:
    """Whether the server takes writes."""
    if rows[0]["in_recovery"]:
        return error("a standby, which takes no writes", "point DATABASE_URL at the primary")
    if rows[0]["read_only"]:
        return error("transactions are read-only by default", "unset default_transaction_read_only")
    return ok("the primary, writable")


def judge_clock(rows: Rows, _: Situation) -> Verdict:
    """Whether the clocks agree: otherwise holds end earlier or later than clients are told. ``apart_s``: the
    database's clock minus ours, in seconds.
    """
    apart_s = rows[0]["apart_s"]
    seen = f"the database's clock is {apart_s:+.3f} s from this machine's, both in UTC"
    if abs(apart_s) <= CLOCK_APART_MAX_S:
        return ok(seen)
    return warning(seen, "run a time service (NTP) on both; holds end by the database's clock")


def judge_round_trip(rows: Rows, _: Situation) -> Verdict:
    """Whether a round trip to the database is short."""
    seen = f"{rows[0]['round_trip_ms']:.2f} ms a round trip"
    if rows[0]["round_trip_ms"] <= ROUND_TRIP_MAX_MS:
        return ok(seen)
    return warning(seen, "run the servers next to the database: each batch waits for two of them")


def judge_encryption(rows: Rows, _: Situation) -> Verdict:
    """Whether the connection is encrypted, or stays on this machine."""
    row = rows[0]
    if row["encrypted"] or row["local"]:
        return ok("encrypted" if row["encrypted"] else "on this machine")
    return warning("the way to the database is not encrypted", "add ?sslmode=verify-full to DATABASE_URL")


def judge_connections(rows: Rows, situation: Situation) -> Verdict:
    """Whether the server has room for our pools beside the sessions of other programs."""
    row = rows[0]
    room = row["max_connections"] - row["reserved"]
    pools = situation.processes * situation.settings.database.pool_max
    seen = f"{row['used']} of {room} in use, {row['others']} by others; our pools take up to {pools}"
    if pools + row["others"] > room:
        more = "use a PostgreSQL of its own (DATABASE_URL)"
        if not situation.settings.database.is_embedded:
            more = "put pgbouncer between, or raise max_connections"
        return error(seen, f"lower DB_POOL_MAX, run fewer processes, or {more}")
    if row["used"] > room * CONNECTIONS_USED_MAX:
        return warning(seen, "see who is connected: SELECT * FROM pg_stat_activity")
    return ok(seen)


def judge_durability(rows: Rows, _: Situation) -> Verdict:
    """Whether acknowledged bookings survive a power cut."""
    off = [name for name in ("fsync", "full_page_writes", "synchronous_commit") if rows[0][name] == "off"]
    if off:
        return error(f"off: {', '.join(off)}", "switch them on: acknowledged bookings can be lost as it is")
    return ok("fsync, full_page_writes and synchronous_commit are on")


def judge_predicate_locks(rows: Rows, situation: Situation) -> Verdict:
    """Whether PostgreSQL may remember enough rows, so that batches of different shows do not conflict."""
    if situation.settings.database.isolation != "serializable":
        return ok("not needed: DB_ISOLATION is read_committed")
    low = [f"{name}={rows[0][name]}" for name, least in PREDICATE_LOCKS.items() if rows[0][name] < least]
    if not low:
        return ok("enough")
    wanted = ", ".join(f"{name} = {least}" for name, least in PREDICATE_LOCKS.items())
    return warning(f"{', '.join(low)}: shows conflict for nothing", f"set {wanted} and restart PostgreSQL")


def judge_silence(rows: Rows, _: Situation) -> Verdict:
    """Whether a network that falls silent can leave a show locked for hours."""
    row = rows[0]
    if row["bounds_transactions"]:
        return ok(f"transactions end after {limits.TRANSACTION_TIMEOUT_MS / 1000:g} s")
    if row["local"]:
        return ok("no network between")
    if row["tcp_user_timeout"] and row["tcp_keepalives_idle"]:
        return ok("tcp_user_timeout and tcp_keepalives_idle are set")
    return warning(
        "before PostgreSQL 17 a network that falls silent can leave a show locked for hours",
        "set tcp_user_timeout and tcp_keepalives_idle, _interval and _count on the server, or take 17",
    )


def judge_transaction_ids(rows: Rows, _: Situation) -> Verdict:
    """Whether autovacuum freezes old rows before PostgreSQL has to stop all writing."""
    age = rows[0]["xid_age"]
    seen = f"the oldest row is {age:,} transactions old"
    advice = "VACUUM (FREEZE) all databases; look for old transactions, replication slots, prepared ones"
    if age > XID_AGE_ERROR:
        return error(seen, advice)
    return warning(seen, advice) if age > XID_AGE_WARNING else ok(seen)


def judge_autovacuum(rows: Rows, _: Situation) -> Verdict:
    """Whether autovacuum runs."""
    row = rows[0]
    if row["autovacuum"] == "off" or row["track_counts"] == "off":
        return error("autovacuum or track_counts is off", "switch both on: dead rows and old plans pile up")
    return ok("on")


def judge_transactions(rows: Rows, _: Situation) -> Verdict:
    """Whether a session keeps a transaction open for long: then dead rows stay, and perhaps locks."""
    open_long = [row for row in rows if row["open_s"] > _transaction_max_s(row["state"])]
    if not open_long:
        hidden = sum(row["hidden"] for row in rows)
        note = f"; {hidden} sessions are hidden from us (GRANT pg_monitor)" if hidden else ""
        return ok(f"none longer than {TRANSACTION_LONG_S:g} s{note}")
    return warning(
        "; ".join(f"{_session(row)} {row['state']} for {row['open_s']:.0f} s" for row in open_long),
        "find out whose they are; SELECT pg_terminate_backend(pid), or ROLLBACK PREPARED",
    )


def judge_lock_waits(rows: Rows, _: Situation) -> Verdict:
    """Whether sessions wait for each other right now."""
    waits = [row for row in rows if row["waited_s"] > LOCK_WAIT_LONG_S]
    if not waits:
        return ok("no session waits for a lock")
    return warning(
        "; ".join(f"{_session(row)} waits for {row['blockers']}" for row in waits),
        "see docs/operations.md, 'A show is locked'",
    )


def _transaction_max_s(state: str) -> float:
    return TRANSACTION_IDLE_S if state.startswith("idle") else TRANSACTION_LONG_S


def _session(row: Mapping[str, Any]) -> str:
    return f"{row['application_name'] or 'a session'} ({row['who']})"
