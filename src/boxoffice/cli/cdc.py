"""The commands on change data capture: ``boxoffice cdc ...``."""

import asyncio
from collections.abc import Sequence

import msgspec
import typer

from boxoffice.cli.output import AsJson, out, print_json, print_table, say
from boxoffice.cli.shared import connected, dsn_of, in_database, read_settings
from boxoffice.database import publication
from boxoffice.database.publication import PUBLICATION, Publication
from boxoffice.vocabulary.views import ReplicationSlot

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Change data capture: what readers of PostgreSQL's log get of the events.",
)


@app.command()
def setup() -> None:
    """Publish new events, without private columns; needs PostgreSQL 15 and wal_level = logical."""
    made = in_database(lambda settings: publication.set_up(dsn_of(settings)))
    say(f"publication {PUBLICATION}: {'made' if made else 'was there already'}")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Tell what is published, and the slots of this database: what each retains, and since when unread."""
    with connected(read_settings()) as settings:
        there, slots = asyncio.run(publication.status(dsn_of(settings)))
    if as_json:
        print_json(
            msgspec.structs.asdict(there)
            | {"is_ours": there.is_ours, "obstacle": there.obstacle}
            | {"slots": [msgspec.structs.asdict(slot) for slot in slots]}
        )
        return
    say(f"publication {PUBLICATION}: {_published(there)}")
    kept = "-1, without a bound" if there.kept_mb_max < 0 else f"{there.kept_mb_max} MB"
    say(f"wal_level: {there.wal_level}; max_slot_wal_keep_size: {kept}")
    if there.standby_slots is not None:
        say(f"synchronized_standby_slots: {there.standby_slots or 'none, readers wait for no standby'}")
    _tell_slots(slots)


@app.command()
def drop() -> None:
    """End the publication. Slots stay until they are dropped; they are told, for each retains log."""
    with connected(read_settings()) as settings:
        was_there, slots = asyncio.run(publication.drop(dsn_of(settings)))
    say(f"publication {PUBLICATION}: {'dropped' if was_there else 'there was none'}")
    for slot in slots:
        out.print(
            f"slot {slot.name} goes on retaining log: SELECT pg_drop_replication_slot('{slot.name}')",
            markup=False,
            soft_wrap=True,
        )


def _published(there: Publication) -> str:
    if there.published is None:
        return f"none; {there.obstacle or '`boxoffice cdc setup` makes it'}"
    what = "inserts" if there.only_inserts else "inserts and changes"
    return f"{'' if there.is_ours else 'NOT AS SET UP, '}{what} of {', '.join(there.published)}"


def _tell_slots(slots: Sequence[ReplicationSlot]) -> None:
    if not slots:
        say("slots of this database: none")
        return
    print_table(
        ("slot", "plugin", "reader", "wal_status", "retained bytes", "failover"),
        [
            (slot.name, slot.plugin or "-", _reader(slot), slot.wal_status, f"{slot.retained_bytes:,.0f}",
             "yes" if slot.failover else "no")
            for slot in slots
        ],
    )  # fmt: skip


def _reader(slot: ReplicationSlot) -> str:
    if slot.active:
        return "reads"
    return "none" if slot.inactive_s is None else f"none for {slot.inactive_s:,.0f} s"
