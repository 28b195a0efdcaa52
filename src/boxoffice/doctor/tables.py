"""Checks of our tables: their statistics, dead rows, indexes, triggers, and holds that nothing ended."""

from typing import Final

from boxoffice.doctor.verdicts import Rows, Situation, Verdict, error, ok, warning

DEAD_ROWS_MIN: Final = 10_000
"""Dead rows below which their share of a table is of no concern."""

DEAD_SHARE_MAX: Final = 0.5
"""Dead rows divided by live ones. Autovacuum starts at 0.2; above this bound it does not keep up."""

HOT_UPDATES_MIN: Final = 10_000
"""Updates below which the share of HOT updates says nothing."""

HOT_SHARE_MIN: Final = 0.9
"""HOT updates divided by all updates; 0.98 to 1 is normal (docs/performance.md). Other updates write to every
index of the table, which makes sales slower."""

ANALYZE_FROM_BYTES: Final = 1_000_000
"""Bytes of a table from which on the planner needs statistics: without them it may choose slow plans."""

OVERDUE_MIN_S: Final = 10.0
"""Seconds after which a hold that ran out should have been ended, if the sweeper's interval is short."""

SWEEPS_MISSED_MAX: Final = 3.0
"""Rounds of the sweeper after which a hold that ran out is overdue, if the sweeper's interval is long."""


def judge_statistics(rows: Rows, _: Situation) -> Verdict:
    """Whether the planner has statistics of the large tables."""
    unknown = [row["name"] for row in rows if row["unanalyzed"] and row["bytes"] > ANALYZE_FROM_BYTES]
    if unknown:
        return warning(f"never analyzed: {', '.join(unknown)}", f"ANALYZE {', '.join(unknown)}")
    return ok("the large tables were analyzed")


def judge_bloat(rows: Rows, _: Situation) -> Verdict:
    """Whether dead rows pile up."""
    full = [
        f"{row['name']} {row['dead_rows']:,} dead, {row['live_rows']:,} live"
        for row in rows
        if row["dead_rows"] > max(DEAD_ROWS_MIN, row["live_rows"] * DEAD_SHARE_MAX)
    ]
    off = [row["name"] for row in rows if row["autovacuum_off"]]
    if off:
        return warning(
            f"autovacuum is off for {', '.join(off)}", "ALTER TABLE ... RESET (autovacuum_enabled)"
        )
    if full:
        return warning("; ".join(full), "VACUUM them; look for transactions that are open for long")
    return ok("few dead rows")


def judge_hot_updates(rows: Rows, _: Situation) -> Verdict:
    """Whether updates of shows and seat maps are HOT, and so write to no index."""
    few = [
        f"{row['name']} {row['hot_updates'] / row['updates']:.0%}"
        for row in rows
        if row["stays_hot"] and row["updates"] > HOT_UPDATES_MIN
        if row["hot_updates"] < row["updates"] * HOT_SHARE_MIN
    ]
    if few:
        return warning(
            f"HOT updates: {', '.join(few)}",
            "drop indexes that were added there; keep their fillfactor of 50",
        )
    return ok("nearly all updates of the hot rows are HOT, or there were few")


def judge_indexes(rows: Rows, _: Situation) -> Verdict:
    """Whether an index was not built to its end, so that writes pay for it and no read uses it."""
    if rows:
        names = ", ".join(row["name"] for row in rows)
        return error(f"not valid: {names}", f"REINDEX INDEX CONCURRENTLY {names}")
    return ok("all are valid")


def judge_additions(rows: Rows, _: Situation) -> Verdict:
    """Whether triggers run inside our transactions. We define none, and need no extension."""
    triggers = [row["name"] for row in rows if row["kind"] == "trigger"]
    extensions = [row["name"] for row in rows if row["kind"] == "extension"]
    if triggers:
        return warning(
            f"triggers: {', '.join(triggers)}", "drop them: they run while the show is locked; read the feed"
        )
    return ok(f"no triggers; extensions that we do not need: {', '.join(extensions) or 'none'}")


def judge_overdue(rows: Rows, situation: Situation) -> Verdict:
    """Whether the sweeper ends holds in time."""
    late_max_s = max(OVERDUE_MIN_S, situation.settings.holds.sweep_interval_seconds * SWEEPS_MISSED_MAX)
    row = rows[0]
    if row["holds"] and row["latest_s"] > late_max_s:
        return warning(
            f"{row['holds']} holds ran out up to {row['latest_s']:.0f} s ago and were not ended",
            "sales take such seats all the same; see docs/operations.md, 'Expired holds are not cleaned up'",
        )
    return ok(f"no hold is overdue by more than {late_max_s:g} s")
