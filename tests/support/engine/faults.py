"""Faults inside the database: errors raised at named points of the SQL functions, as often as a test likes.

A fault point is a comment, ``-- fault point: NAME``, so it costs nothing in production. To arm a point, its
function is created again in the test's database, from its own file, with a call in place of the comment.
"""

import re
from functools import cache
from typing import Final

from boxoffice.sql import scripts
from tests.support.engine.databases import Connection

_POINT: Final = re.compile(r"-- fault point: (\w+)$", re.MULTILINE)

AT_COMMIT: Final = "commit"
"""The fault point that stands in no function: the COMMIT, at which deferred constraints are checked."""

TERMINATED: Final = "57P01"
"""A state that is not raised: instead the session ends itself, so that the connection breaks."""

# Sequences count, because they survive the rollback that a fault causes. The faults to raise stand in the
# texts of the functions: a table that each transaction reads would add conflicts between transactions.
_SUPPORT: Final = """
    CREATE FUNCTION test_fault(p_state text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
    BEGIN
        PERFORM nextval('test_told_' || lower(p_state));
        IF p_state = '57P01' THEN
            PERFORM pg_terminate_backend(pg_backend_pid()), pg_sleep(60);
        END IF;
        RAISE EXCEPTION USING ERRCODE = p_state, MESSAGE = 'a fault of a test';
    END $$;
    CREATE FUNCTION test_first(p_point text, p_state text, p_first bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE AS $$
    BEGIN
        IF nextval('test_calls_' || p_point) <= p_first THEN
            PERFORM test_fault(p_state);
        END IF;
    END $$;
    CREATE FUNCTION test_chance(p_states text[], p_chance float8) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
    BEGIN
        IF random() < p_chance THEN
            PERFORM test_fault(p_states[1 + floor(random() * cardinality(p_states))::integer]);
        END IF;
    END $$;
    CREATE FUNCTION test_at_commit() RETURNS trigger LANGUAGE plpgsql VOLATILE AS $$
    BEGIN
        PERFORM test_first('commit', TG_ARGV[0], TG_ARGV[1]::bigint);
        RETURN NULL;
    END $$;
"""

_FOREVER: Final = 2**62


@cache
def fault_points() -> dict[str, str]:
    """The names of all fault points, each with the name of its function."""
    return {
        point: function for function, text in scripts("functions").items() for point in _POINT.findall(text)
    }


class Faults:
    """Arms fault points in one database; ``calls`` of an armed point are counted from then on."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._armed: dict[str, str] = {}  # by point: the call that replaces the comment

    async def arm(self, point: str, state: str, *, first: int = 1) -> None:
        """Raises ``state`` at the ``first`` calls of a point; with 0 it only counts them."""
        await self._count_from_zero(f"test_calls_{point}")
        await self._count_from_zero(f"test_told_{state}")
        if point == AT_COMMIT:
            await self._connection.execute(
                "CREATE CONSTRAINT TRIGGER test_at_commit AFTER INSERT ON show_events "
                "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
                f"EXECUTE FUNCTION test_at_commit('{state}', {first})"
            )
        else:
            self._armed[point] = f"PERFORM test_first('{point}', '{state}', {first});"
            await self._make({fault_points()[point]})

    async def arm_for_ever(self, point: str, state: str) -> None:
        """Raises ``state`` at every call of a point."""
        await self.arm(point, state, first=_FOREVER)

    async def arm_all(self, states: tuple[str, ...], chance: float) -> None:
        """Raises one of the states, by chance, at every point."""
        call = f"PERFORM test_chance('{{{','.join(states)}}}', {chance});"
        for state in states:
            await self._count_from_zero(f"test_told_{state}")
        self._armed = dict.fromkeys(fault_points(), call)
        await self._make(set(fault_points().values()))

    async def disarm(self) -> None:
        """Create all functions again from their files; the counts stay."""
        await self._connection.execute("DROP TRIGGER IF EXISTS test_at_commit ON show_events")
        functions = {fault_points()[point] for point in self._armed}
        self._armed.clear()
        await self._make(functions)

    async def calls(self, point: str) -> int:
        """How often a transaction reached the point since the point was armed last."""
        return await self._value(f"test_calls_{point}")

    async def told(self, state: str) -> int:
        """How often this state was raised since a point was armed with it last."""
        return await self._value(f"test_told_{state}")

    async def _count_from_zero(self, sequence: str) -> None:
        await self._connection.execute(f"DROP SEQUENCE IF EXISTS {sequence}; CREATE SEQUENCE {sequence}")

    async def _value(self, sequence: str) -> int:
        value: int = await self._connection.fetchval(
            f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}"  # noqa: S608 - our own name
        )
        return value

    async def _make(self, functions: set[str]) -> None:
        for function in functions:
            text = _POINT.sub(lambda at: self._armed.get(at[1], at[0]), scripts("functions")[function])
            await self._connection.execute(text)


async def faults_in(connection: Connection) -> Faults:
    """Prepare a database so that faults can be armed in it."""
    await connection.execute(_SUPPORT)
    return Faults(connection)
