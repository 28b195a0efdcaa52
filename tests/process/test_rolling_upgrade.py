"""A release takes the place of the one before, instance by instance, and no request fails."""

import asyncio
import shutil
from pathlib import Path

import boxoffice
from tests.support.engine.databases import Connection
from tests.support.process.balancer import SETTINGS, Customers, balanced, drained, killed
from tests.support.process.program import Program
from tests.support.proof.catalogue import lines_of

SOURCE = Path(boxoffice.__file__).parent
NEXT_VERSION = "99.0.0"
MIGRATION = "0900_next"
EXPANDED = (
    *("users", "shows", "show_inventory", "map_chunks", "bookings", "booking_seats", "show_events"),
    *("show_batches", "idempotency_keys", "caller_locks"),
)
CONTRACTED = "UPDATE schema_migrations SET serves_since = NULL WHERE name = $1"
BOOKINGS = "SELECT booking_id FROM bookings WHERE show_id = $1"


def next_release(folder: Path) -> Path:
    """A copy of the package as a release that expands: columns, a member of commands, every function anew."""
    package = folder / "boxoffice"
    shutil.copytree(SOURCE, package, ignore=shutil.ignore_patterns("__pycache__"))
    init = package / "__init__.py"
    init.write_text(init.read_text().replace(boxoffice.__version__, NEXT_VERSION))
    (package / f"sql/migrations/{MIGRATION}.sql").write_text(
        f"-- Expands.\n-- Serves programs since {boxoffice.__version__}.\n"
        + "".join(f"ALTER TABLE {table} ADD COLUMN note text;\n" for table in EXPANDED)
        + "ALTER TYPE engine_command ADD ATTRIBUTE note text;\n"
    )
    for function in (package / "sql/functions").rglob("*.sql"):
        text = function.read_text()
        function.write_text(text.replace("\nBEGIN\n", "\nBEGIN\n    PERFORM 1;\n", 1))
    return folder


async def replaced(instance: Program, by: Program) -> None:
    """Starts the other one on the port of the one that has ended."""
    by.port, by.url = instance.port, instance.url
    by.environment["PORT"] = str(by.port)
    await asyncio.to_thread(by.serve, "--no-migrate")


async def test_two_instances_are_upgraded_one_by_one_under_load(
    database: str, connection: Connection, tmp_path: Path
) -> None:
    new_settings = {"DATABASE_URL": database, "PYTHONPATH": str(next_release(tmp_path / "next")), **SETTINGS}
    old = [Program(tmp_path, DATABASE_URL=database, **SETTINGS) for _ in range(2)]
    new = [Program(tmp_path, **new_settings) for _ in range(2)]
    try:
        for program in old:
            program.serve()
        with balanced(old, tmp_path / "haproxy.log") as balancer:
            customers = Customers(balancer.url)
            async with customers.at_work():
                await customers.some_more()
                migrated = await asyncio.to_thread(new[0].run, "migrate")
                assert MIGRATION in migrated.stdout, migrated.stderr
                await customers.some_more()
                assert balancer.states() == ["UP", "UP"]  # the old ones stay

                assert await drained(balancer, old[0], "DOWN", "UP") == 0
                await asyncio.to_thread(old[0].serve)  # an old one comes back in the middle
                await balancer.until("UP", "UP")
                await customers.some_more()

                assert await drained(balancer, old[0], "DOWN", "UP") == 0
                await replaced(old[0], by=new[0])
                await balancer.until("UP", "UP")
                await customers.some_more()

                assert await drained(balancer, old[1], "UP", "DOWN") == 0
                await replaced(old[1], by=new[1])
                await balancer.until("UP", "UP")
                await customers.some_more()
        await connection.execute(
            "UPDATE schema_migrations SET serves_since = NULL WHERE name = $1", MIGRATION
        )
        too_old = await asyncio.to_thread(old[0].run, "migrate")
        record = tmp_path / "next/boxoffice/sql/catalogue.txt"  # as that release would bring it
        record.write_text("\n".join(await lines_of(connection)))
        checked = await asyncio.to_thread(new[0].run, "verify")
    finally:
        for program in (*old, *new):
            killed(program)

    assert customers.failures == []
    stored = {row["booking_id"] for row in await connection.fetch(BOOKINGS, customers.show_id)}
    assert customers.acknowledged == stored
    assert checked.returncode == 0, checked.stdout
    assert too_old.returncode == 1
    assert f"its {MIGRATION} came with {NEXT_VERSION} and needs version {NEXT_VERSION}" in too_old.stderr
