"""Writes src/boxoffice/sql/catalogue.txt, what a database says of itself: ``make pages`` does it."""

import asyncio
from pathlib import Path
from typing import Final

import asyncpg

import boxoffice
from boxoffice.database.catalogue import catalogue, program_schema
from boxoffice.database.migrate import migrate
from boxoffice.postgres.embedded import start_embedded
from tests.support.engine.databases import Connection
from tests.support.process.folders import public_folder

RECORD: Final = Path(boxoffice.__file__).parent / "sql" / "catalogue.txt"


async def lines_of(connection: Connection) -> list[str]:
    """The lines of a migrated database, in the order of the record."""
    async with connection.transaction(readonly=True):
        schema, _ = await program_schema(connection)
        assert schema is not None
        return sorted(line for _, line in await catalogue(connection, schema))


async def _migrated(dsn: str) -> list[str]:
    await migrate(dsn)
    connection = await asyncpg.connect(dsn)
    try:
        return await lines_of(connection)
    finally:
        await connection.close()


def main() -> None:
    """Writes the file."""
    with public_folder() as folder, start_embedded(folder, durable=False) as server:
        RECORD.write_text("\n".join(asyncio.run(_migrated(server.dsn))) + "\n")


if __name__ == "__main__":
    main()
