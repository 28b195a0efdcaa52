"""The doctor as its operator calls it."""

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
