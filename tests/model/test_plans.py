"""The answers are the same under every plan that PostgreSQL may choose."""

from tests.support.engine.box import open_box, refused
from tests.support.engine.databases import Connection


async def test_seats_that_are_not_blocked_are_told_in_order(database: str, connection: Connection) -> None:
    name = await connection.fetchval("SELECT current_database()")
    for plan in ("enable_nestloop", "enable_mergejoin"):  # hash joins are left, which keep no order
        await connection.execute(f"ALTER DATABASE {name} SET {plan} = off")
    async with open_box(database) as box:
        show = await box.show(40)
        seats = list(range(1, 41))
        assert await box.unblock(show, *seats) == refused("seats_not_blocked", seats=seats)
