"""The doctor as its operator calls it."""

import re
import subprocess

from tests.support.process.installed import installed
from tests.support.process.program import Program, free_port


def test_a_database_that_is_away_is_told_and_is_an_error(program: Program) -> None:
    port = free_port()
    away = f"postgresql://somebody:geheim@127.0.0.1:{port}/name"
    place = f"database 'name' at 127.0.0.1:{port}, user 'somebody'"

    told = program.run("doctor", DATABASE_URL=away, COLUMNS="200")

    assert told.returncode == 1
    assert "not reachable" in told.stdout
    assert told.stderr == f"boxoffice: working on {place}\n"


def test_a_setting_that_cannot_be_read_is_told_and_is_an_error(program: Program) -> None:
    told = program.run("doctor", DB_POOL_MAX="many", COLUMNS="200")

    assert told.returncode == 1
    assert "DB_POOL_MAX is 'many'" in told.stdout


def test_an_embedded_database_that_never_served_is_looked_at_too(program: Program) -> None:
    before = program.run("doctor", COLUMNS="200")
    program.run("migrate")
    after = program.run("doctor", "--processes", "4", COLUMNS="200")

    assert (before.returncode, after.returncode) == (1, 0)
    assert "boxoffice migrate" in before.stdout
    assert "up to 80" in after.stdout
    assert (
        "SQL that is advised below can be run by: psql 'postgresql://postgres@/boxoffice?host="
        in after.stderr
    )


def test_what_is_advised_for_the_embedded_database_can_be_done_there(program: Program) -> None:
    psql = installed("psql")
    program.serve()
    told = program.run("doctor", "--processes", "100", COLUMNS="300")
    [address] = re.findall(r"can be run by: psql '(.*)'", told.stderr)

    done = subprocess.run([psql, address, "-c", "ANALYZE shows"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "ANALYZE\n"), done.stderr
    assert (
        "lower DB_POOL_MAX, run fewer processes, or use a PostgreSQL of its own (DATABASE_URL)" in told.stdout
    )
    assert [
        word for word in ("pgbouncer", "minor release", "restart PostgreSQL") if word in told.stdout
    ] == []
