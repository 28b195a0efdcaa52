"""The doctor's examination of a database. It only reads, and each query ends within seconds."""

import statistics
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import asyncpg

from boxoffice.database.migrate import check_schema, functions_are_ours, ledger_of
from boxoffice.database.servers import Servers
from boxoffice.doctor import server, slots, tables
from boxoffice.doctor.configuration import judge_settings
from boxoffice.doctor.verdicts import Finding, Rows, Situation, Verdict, error, ok, warning
from boxoffice.sql import query, scripts
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.faults import SchemaMismatch

ROUND_TRIPS: Final = 5
"""Round trips to the database that are measured; the report has their median."""

UNREACHABLE: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""The driver's exceptions if no server can be reached, none is a primary, or the address is malformed."""


class Check(NamedTuple):
    """A check: its name, its query, and the function that judges the query's rows. The query is in
    ``sql/doctor``, or among the statements of the program."""

    name: str
    query: str
    judge: Callable[[Rows, Situation], Verdict]


ABOUT_THE_SERVER: Final = (
    Check("version", "server", server.judge_version),
    Check("encoding", "server", server.judge_encoding),
    Check("role", "server", server.judge_role),
    Check("round trip", "server", server.judge_round_trip),
    Check("clock", "server", server.judge_clock),
    Check("encryption", "server", server.judge_encryption),
    Check("connections", "server", server.judge_connections),
    Check("durability", "server", server.judge_durability),
    Check("predicate locks", "server", server.judge_predicate_locks),
    Check("silent networks", "server", server.judge_silence),
    Check("transaction ids", "server", server.judge_transaction_ids),
    Check("autovacuum", "server", server.judge_autovacuum),
    Check("transactions", "transactions", server.judge_transactions),
    Check("lock waits", "lock_waits", server.judge_lock_waits),
    Check("slots", "slots", slots.judge_slots),
    Check("publication", "publication", slots.judge_publication),
)
ABOUT_THE_TABLES: Final = (
    Check("statistics", "tables", tables.judge_statistics),
    Check("dead rows", "tables", tables.judge_bloat),
    Check("HOT updates", "tables", tables.judge_hot_updates),
    Check("indexes", "invalid_indexes", tables.judge_indexes),
    Check("additions", "additions", tables.judge_additions),
    Check("overdue holds", "overdue_holds", tables.judge_overdue),
)


async def examine(situation: Situation, dsn: str) -> list[Finding]:
    """All findings about these settings and this database. If the database cannot be reached, that is one."""
    findings = [Finding("settings", verdict) for verdict in judge_settings(situation)]
    try:
        connection = await Servers(dsn, primary="," in urlsplit(dsn).netloc).connect(
            command_timeout=limits.READ_ANSWER_TIMEOUT_S,
            statement_cache_size=0,  # a pooler may send a statement to another session than its PREPARE
            server_settings={"application_name": "boxoffice-doctor"},
        )
    except UNREACHABLE as reason:
        return [*findings, Finding("database", unreachable(reason))]
    try:
        return [*findings, *await _examine(connection, situation)]
    except UNREACHABLE as reason:
        return [*findings, Finding("database", unreachable(reason))]
    finally:
        connection.terminate()  # a polite close would wait for a server that may be gone


def unreachable(reason: Exception) -> Verdict:
    """The verdict on a database that cannot be reached."""
    said = str(reason).strip().splitlines()
    return error(
        f"not reachable: {said[0] if said else 'no answer in time'}",
        "check DATABASE_URL or DB_*; see docs/operations.md, 'The database does not answer'",
    )


async def _examine(connection: Any, situation: Situation) -> list[Finding]:
    measured = await _measure(connection)
    found = await _run(connection, situation, ABOUT_THE_SERVER, measured)
    schema = await _judge_schema(connection)
    found.append(Finding("migrations", schema))
    if schema.level != "error":
        found += await _run(connection, situation, ABOUT_THE_TABLES, {})
    return found


async def _run(
    connection: Any, situation: Situation, checks: tuple[Check, ...], measured: Mapping[str, float | None]
) -> list[Finding]:
    """The findings of these checks. Checks with the same query share its rows. If PostgreSQL refuses a query,
    that is a finding, too.
    """
    answers: dict[str, Rows | asyncpg.PostgresError] = {}
    for name in dict.fromkeys(check.query for check in checks):
        try:
            rows = await connection.fetch(scripts("doctor").get(name) or query(name))
            answers[name] = [{**row, **measured} for row in rows]
        except asyncpg.PostgresError as refused:
            answers[name] = refused
    return [Finding(check.name, _judged(check, answers[check.query], situation)) for check in checks]


def _judged(check: Check, answer: Rows | asyncpg.PostgresError, situation: Situation) -> Verdict:
    if isinstance(answer, asyncpg.PostgresError):
        return warning(f"could not be asked: {answer}", "GRANT pg_monitor to the user of the database")
    return check.judge(answer, situation)


async def _measure(connection: Any) -> dict[str, float | None]:
    """The time of a round trip, the database's clock minus ours, and the size of its disk if it is known."""
    trips_s = []
    apart_s = []
    for _ in range(ROUND_TRIPS):
        sent_at, started = datetime.now(UTC), perf_counter()
        there = await connection.fetchval(scripts("doctor")["clock"])
        trips_s.append(perf_counter() - started)
        apart_s.append((there - sent_at).total_seconds() - trips_s[-1] / 2)
    return {
        "round_trip_ms": statistics.median(trips_s) * 1000,
        "apart_s": statistics.median(apart_s),
        "disk_bytes": await _disk_bytes(connection),
    }


async def _disk_bytes(connection: Any) -> int | None:
    where = await connection.fetchrow(scripts("doctor")["data_folder"])
    return slots.disk_bytes(where["folder"], local=where["local"])


async def _judge_schema(connection: Any) -> Verdict:
    """Whether the tables and functions are those of this program."""
    ledger = await ledger_of(connection)
    try:
        check_schema(ledger)
    except SchemaMismatch as mismatch:
        return error(str(mismatch), "run `boxoffice migrate`, or the program that fits the database")
    if not functions_are_ours(ledger):
        return warning(
            "the SQL functions are those of another version", "run `boxoffice migrate` when all are updated"
        )
    return ok("all applied, and the functions are ours")
