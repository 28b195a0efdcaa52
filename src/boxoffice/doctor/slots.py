"""Checks of change data capture: what is published, and slots that fill the disk of the box office."""

import shutil
from pathlib import Path
from typing import Any, Final

from msgspec import convert

from boxoffice.database.publication import PUBLICATION, Publication
from boxoffice.doctor.verdicts import Rows, Situation, Verdict, error, ok, warning
from boxoffice.vocabulary.views import ReplicationSlot

INACTIVE_MAX_S: Final = 3_600.0
"""Seconds for which a slot may be without a reader. A connector that is updated is away for minutes; after an
hour somebody has forgotten it."""

DISK_SHARE_MAX: Final = 0.1
"""Share of the disk that a slot may retain. What is left is for the database, and for the time until somebody
comes."""

RETAINED_BYTES_MAX: Final = 10 * 1024**3
"""Bytes that a slot may retain where the size of the disk is not known: a tenth of 100 GB, which is a small
disk for a database."""

_SEE: Final = "see docs/operations.md, 'A slot retains the log'"


def disk_bytes(folder: str | None, *, local: bool) -> int | None:
    """The size of the disk with the server's log; None: not known. PostgreSQL does not tell it, so it is
    known only if the server runs on this machine and says where its data are.
    """
    if folder is None or not local:
        return None
    for path in (Path(folder) / "pg_wal", Path(folder)):  # the log may have a disk of its own
        try:
            return shutil.disk_usage(path).total
        except OSError:  # the folder of another user, or of a container
            continue
    return None


def judge_slots(rows: Rows, _: Situation) -> Verdict:
    """Whether a slot keeps so much log, or has been without a reader for so long, that the disk may fill."""
    if not rows:
        return ok("no replication slot")
    told = [(_trouble(row), row) for row in rows]
    if bad := [f"{_named(row)} {trouble}" for trouble, row in told if trouble]:
        return error("; ".join(bad), f"start its reader, or SELECT pg_drop_replication_slot(name); {_SEE}")
    if idle := [_named(row) for row in rows if not row["active"] or row["wal_status"] == "unreserved"]:
        return warning(f"without a reader, or about to be lost: {'; '.join(idle)}", _SEE)
    if rows[0]["kept_mb_max"] < 0:
        return warning(
            f"max_slot_wal_keep_size is -1: a forgotten slot fills the disk; now {_named(rows[0])}",
            "set it to what the disk has to spare",
        )
    return ok(f"{len(rows)} in use; most is retained by {_named(rows[0])}")


def _trouble(row: Any) -> str | None:
    slot = convert(dict(row), ReplicationSlot, strict=False)
    if slot.wal_status == "lost":
        return "is lost: its reader must begin again"
    if slot.inactive_s is not None and slot.inactive_s >= INACTIVE_MAX_S:
        return f"has had no reader for {slot.inactive_s / 3600:.1f} h"
    disk = row["disk_bytes"]
    if disk is not None and slot.retained_bytes > disk * DISK_SHARE_MAX:
        return f"is more than {DISK_SHARE_MAX:.0%} of the disk of {disk:,} bytes"
    if disk is None and slot.retained_bytes > RETAINED_BYTES_MAX:
        return f"is more than {RETAINED_BYTES_MAX:,} bytes"
    return None


def _named(row: Any) -> str:
    return f"{row['name']} retains {row['retained_bytes']:,.0f} bytes,"


def judge_publication(rows: Rows, _: Situation) -> Verdict:
    """Whether the publication of events shows what it should and no more."""
    there = convert(dict(rows[0]), Publication, strict=False)
    if there.published is None:
        return ok("events are not published")
    if there.is_ours:
        return ok(f"{PUBLICATION} publishes new events alone, without private columns")
    changes = "" if there.only_inserts else "; and changes, not inserts alone"
    return error(
        f"{PUBLICATION} publishes {', '.join(there.published)}{changes}",
        "stop its readers, then `boxoffice cdc drop` and `boxoffice cdc setup`",
    )
