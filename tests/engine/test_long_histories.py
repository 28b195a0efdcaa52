"""No command reads more because its show has a long history: its pages at N events are those at 10 N.

Whatever is read under a show's lock keeps all other callers of the show waiting. The pages are counted, and
no time is measured. ``make proof`` counts them at a million events and as many kept answers.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import pytest

from boxoffice.database.sessions import writer_settings
from boxoffice.settings.settings import Settings
from boxoffice.sql import query
from boxoffice.vocabulary import commands
from boxoffice.vocabulary.commands import (
    BlockSeats,
    BookSeats,
    CancelBooking,
    Command,
    ConfirmBooking,
    CreateShow,
    CreateUser,
    DeleteShow,
    EraseUser,
    ExpireHolds,
    ExtendHold,
    FailBooking,
    ReturnSeats,
    ShowCommand,
    UnblockSeats,
    UpdateShow,
    UpdateUser,
)
from tests.support.engine.box import ACTOR, START, Box, done, open_box
from tests.support.engine.clock import Clock, stopped_clock
from tests.support.engine.databases import Connection, connected, temporary_database
from tests.support.engine.history import (
    BUSY,
    ONCE,
    pages_of,
    pages_of_statement,
    write_history,
    write_users,
)
from tests.support.engine.limited import caps

SEATS: Final = 20_000
SOLD: Final = (6_011, 6_012, 6_013)
HISTORY_S: Final = 864_000
"""How long ago the history begins: none of its bookings is young enough to count against a cap."""

SPARE_PAGES: Final = 40
"""An index of ten times as many rows is one level higher: one page more for each of the searches in it."""


class Scene:
    """A show with a history, in which a few bookings are active now."""

    def __init__(self, box: Box, connection: Connection, clock: Clock, show: int) -> None:
        self.box, self.connection, self.clock, self.show = box, connection, clock, show

    async def prepare(self) -> None:
        """Make the bookings that the commands are about."""
        box, show = self.box, self.show
        self.late = (await box.book(show, hold=1)).id
        self.due = (await box.book(show, hold=1)).id
        await self.clock.advance(1)
        await box.expire(show)
        self.held, self.other = [(await box.book(show, 2, hold=600)).id for _ in range(2)]
        self.sold = (await box.book(show, seats=SOLD, key="again")).id
        done(await box.block(show, *range(5_001, 6_001)))

    def of(self, kind: type[ShowCommand[Any]], **fields: Any) -> ShowCommand[Any]:
        """A command on the show, with a key of its own."""
        return kind(actor="user:1", origin="192.0.2.1", idempotency_key="new", show_id=self.show, **fields)


Case = Callable[[Scene], Command[Any]]
CAPS: Final = caps(cooldown_s=60)

CASES: Final[dict[str, Case]] = {
    "book": lambda s: s.of(BookSeats, user_id=1, seat_count=2),
    "book for a user with a history": lambda s: s.of(BookSeats, user_id=BUSY, seat_count=2, caps=CAPS),
    "book exactly": lambda s: s.of(BookSeats, user_id=1, seat_count=2, seat_numbers=(7_000, 7_001)),
    "book what is taken": lambda s: s.of(BookSeats, user_id=1, seat_count=1, seat_numbers=(5_001,)),
    "hold": lambda s: s.of(BookSeats, user_id=1, seat_count=2, hold_seconds=60, caps=CAPS),
    "hold for a user with a history": lambda s: s.of(
        BookSeats, user_id=BUSY, seat_count=2, hold_seconds=60, caps=CAPS
    ),
    "confirm": lambda s: s.of(ConfirmBooking, booking_id=s.held),
    "confirm late": lambda s: s.of(ConfirmBooking, booking_id=s.late, caps=CAPS),
    "confirm what was cancelled": lambda s: s.of(ConfirmBooking, booking_id=s.show << 24 | 1),
    "fail": lambda s: s.of(FailBooking, booking_id=s.held, reason="declined"),
    "cancel a hold": lambda s: s.of(CancelBooking, booking_id=s.held),
    "give a part back": lambda s: s.of(ReturnSeats, booking_id=s.sold, seat_numbers=SOLD[:1]),
    "cancel a sale": lambda s: s.of(CancelBooking, booking_id=s.sold, reason="ill"),
    "extend": lambda s: s.of(ExtendHold, booking_id=s.held, hold_seconds=900, lifetime_seconds_max=3_600),
    "expire": lambda s: s.of(ExpireHolds),
    "block": lambda s: s.of(BlockSeats, seat_numbers=tuple(range(8_001, 9_001)), reason="house"),
    "unblock": lambda s: s.of(UnblockSeats, seat_numbers=tuple(range(5_001, 6_001))),
    "unblock what is not blocked": lambda s: s.of(UnblockSeats, seat_numbers=tuple(range(7_001, 8_001))),
    "rename the show": lambda s: s.of(UpdateShow, name="Renamed"),
    "shrink the show": lambda s: s.of(UpdateShow, total_seats=10_000),
    "shrink the show too far": lambda s: s.of(UpdateShow, total_seats=1),
    "grow the show": lambda s: s.of(UpdateShow, total_seats=30_000),
    "delete the show that is in use": lambda s: s.of(DeleteShow),
    "the same key again": lambda s: BookSeats(
        actor=ACTOR,
        idempotency_key="again",
        show_id=s.show,
        user_id=1,
        seat_count=3,
        seat_numbers=(6_011, 6_012, 6_013),
    ),
}


DESK_CASES: Final[dict[str, Command[Any]]] = {
    "open a show": CreateShow(actor=ACTOR, name="New", start_time=START, total_seats=SEATS),
    "register a user": CreateUser(actor=ACTOR, name="New", email="new@example.com"),
    "change a user": UpdateUser(actor=ACTOR, user_id=BUSY, name="Renamed"),
    "erase a user": EraseUser(actor=f"user:{ONCE}", user_id=ONCE, caps=CAPS),
    "erase a user with a history": EraseUser(actor=f"user:{BUSY}", user_id=BUSY, caps=CAPS),
    "erase a user with a sale": EraseUser(actor="user:1", user_id=1, caps=CAPS),
}


async def _empty(scene: Scene) -> None:
    for booking in (scene.held, scene.other, scene.sold):
        await pages_of(scene.connection, CancelBooking(actor=ACTOR, show_id=scene.show, booking_id=booking))


async def _delete_an_empty_show(scene: Scene) -> int:
    await _empty(scene)
    return await pages_of(scene.connection, DeleteShow(actor=ACTOR, show_id=scene.show))


async def _erase_again(scene: Scene) -> int:
    erase = EraseUser(actor="admin", user_id=BUSY)
    await pages_of(scene.connection, erase)
    return await pages_of(scene.connection, erase)


def _traces(user_id: int) -> Callable[[Scene], Awaitable[int]]:
    """What is left of a person goes, in portions of 100 rows."""
    text = query("erase_traces")
    return lambda scene: pages_of_statement(scene.connection, text, user_id, 100)


async def _no_traces(scene: Scene) -> int:
    """Nothing is left of the person: an erasure that is asked again and again."""
    while await scene.connection.fetchval(query("erase_traces"), ONCE, 100):
        pass
    return await pages_of_statement(scene.connection, query("erase_traces"), ONCE, 100)


async def _lost_answer(scene: Scene) -> int:
    batch = await scene.connection.fetchval(
        "SELECT batch_id FROM show_batches ORDER BY first_seq DESC LIMIT 1"
    )
    statement = "SELECT run_batch($1, jsonb_build_array(jsonb_build_object('show_id', $2::bigint)), true)"
    return await pages_of_statement(scene.connection, statement, batch, scene.show)


async def _archive(scene: Scene) -> int:
    await _empty(scene)
    age = timedelta(days=-36_500)  # as if it were a hundred years later
    pages = await pages_of_statement(scene.connection, query("archive_show"), scene.show, age, ACTOR, 100)
    assert await scene.connection.fetchval("SELECT count(*) FROM archived_seats") == 100
    return pages


def _asked(name: str, *args: object) -> Callable[[Scene], Awaitable[int]]:
    """A query of the program."""
    return lambda scene: pages_of_statement(
        scene.connection, query(name), *(scene.show if arg is Scene else arg for arg in args)
    )


Counted = Callable[[Scene], Awaitable[int]]

MORE_CASES: Final[dict[str, Counted]] = {
    "delete a show": _delete_an_empty_show,
    "erase a user again": _erase_again,
    "erase the traces of a user": _traces(ONCE),
    "erase a part of the traces of a user with a history": _traces(BUSY),
    "erase the traces of a user when there are none": _no_traces,
    "a batch whose answer was lost": _lost_answer,
    "archive a part": _archive,
    "forget a part of the keys": _asked("forget_keys", timedelta(0), 100),
}
READS: Final[dict[str, Counted]] = {
    "export of a user": _asked("events_of_user", ONCE),
    "the changes": _asked("changes", Scene, 500, 100),
    "the bookings of a show": _asked("bookings_of_show", Scene, None, None, 100),
    "the bookings of a user": _asked("bookings_of_user", BUSY, None, None, None, 100),
    "the seats": _asked("seats", Scene, 0, None, 100),
    "the map": _asked("seat_map", Scene, 1, 1_000),
    "the shows of a user with holds that ran out": _asked("due_shows_of_user", 1),
}


def _of_command(case: Case) -> Counted:
    return lambda scene: pages_of(scene.connection, case(scene))


def _of_desk_command(command: Command[Any]) -> Counted:
    return lambda scene: pages_of(scene.connection, command)


WRITES: Final[dict[str, Counted]] = {
    **{name: _of_command(case) for name, case in CASES.items()},
    **{name: _of_desk_command(command) for name, command in DESK_CASES.items()},
    **MORE_CASES,
}


def test_every_kind_of_command_is_among_them() -> None:
    kinds = {kind for kind in vars(commands).values() if isinstance(kind, type) and issubclass(kind, Command)}
    scene = Scene.__new__(Scene)
    scene.show = scene.late = scene.held = scene.sold = 1
    told = {type(case(scene)) for case in CASES.values()} | {type(command) for command in DESK_CASES.values()}
    assert kinds - {Command, ShowCommand} == told


@asynccontextmanager
async def _scene(server: str, admin: Connection, template: str, events: int) -> AsyncIterator[Scene]:
    """A scene whose session made its plans while the tables were nearly empty."""
    async with temporary_database(admin, server, template) as dsn, connected(dsn) as connection:
        clock = await stopped_clock(connection)
        for name, value in writer_settings(Settings().database).items():
            await connection.execute("SELECT set_config($1, $2, false)", name, value)
        async with open_box(dsn) as box:
            await write_users(connection)
            before = Scene(box, connection, clock, await box.show(SEATS))
            await before.prepare()
            for case in WRITES.values():
                await _pages(before, case)
            scene = Scene(box, connection, clock, await box.show(SEATS))
            begin = clock.now - timedelta(seconds=HISTORY_S)
            await connection.execute("SET statement_timeout = 0")
            await write_history(connection, scene.show, events, begin)
            await connection.execute("SET statement_timeout = 4000")
            await scene.prepare()
            yield scene


async def _pages(scene: Scene, case: Callable[[Scene], Awaitable[int]]) -> int:
    """The pages that a case reads, without those that its first run reads to make its plans."""
    pages = 0
    for _ in range(2):
        transaction = scene.connection.transaction()
        await transaction.start()
        pages = await case(scene)
        await transaction.rollback()
    return pages


async def _forget_plans(*scenes: Scene) -> None:
    for scene in scenes:
        await scene.connection.execute("DISCARD PLANS")


async def _longer(short: Scene, long: Scene, cases: Mapping[str, Counted]) -> dict[str, tuple[int, int]]:
    """The cases that read more pages in the long history than in the short one, and how many."""
    pages = {name: (await _pages(short, case), await _pages(long, case)) for name, case in cases.items()}
    return {name: told for name, told in pages.items() if told[1] > 1.5 * told[0] + SPARE_PAGES}


@pytest.mark.parametrize(
    ("few", "many"),
    [
        pytest.param(2_000, 20_000, id="short"),
        pytest.param(10_000, 1_000_000, id="a million", marks=pytest.mark.proof),
    ],
)
async def test_nothing_reads_more_in_a_longer_history(
    postgres_url: str, admin: Connection, template_database: str, few: int, many: int
) -> None:
    """Commands, by plans that were made while the tables were empty, or before the server had statistics of
    them, as well: a wrong plan would keep the show locked. A read keeps nobody waiting, and the server has
    statistics a minute after the first rows.
    """
    async with (
        _scene(postgres_url, admin, template_database, few) as short,
        _scene(postgres_url, admin, template_database, many) as long,
    ):
        assert await _longer(short, long, WRITES) == {}
        await _forget_plans(short, long)
        assert await _longer(short, long, WRITES) == {}
        await short.connection.execute("ANALYZE")
        await long.connection.execute("ANALYZE")
        await _forget_plans(short, long)
        assert await _longer(short, long, WRITES) == {}
        await _forget_plans(short, long)
        for scene in (short, long):
            await scene.connection.execute("RESET ALL")
        assert await _longer(short, long, READS) == {}
        assert await long.box.violations() == {}
