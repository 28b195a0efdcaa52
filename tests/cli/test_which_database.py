"""Which database a command works on: the one that is named, none by accident, and it is told."""

import subprocess
from pathlib import Path

import pytest

from tests.support.process.program import Program

NONE = {"DATABASE_URL": ""}
COMMANDS = (
    ("serve",),
    ("migrate",),
    ("demo",),
    ("verify",),
    ("archive",),
    ("keys", "list"),
    ("users", "export", "1"),
)


def made_nothing(data_dir: Path) -> bool:
    """Whether no PostgreSQL was made in the folder."""
    return list(data_dir.iterdir()) == []


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_without_a_database_no_command_makes_one(
    program: Program, data_dir: Path, command: tuple[str, ...]
) -> None:
    told = program.call(*command, **NONE)

    assert told.returncode == 1
    assert told.stderr.startswith("boxoffice: no database is set; expected DATABASE_URL=postgresql://")
    assert "DATABASE_URL=embedded" in told.stderr
    assert told.stdout == ""
    assert made_nothing(data_dir)


def test_the_doctor_says_that_no_database_is_set(program: Program, data_dir: Path) -> None:
    told = program.call("doctor", COLUMNS="300", **NONE)

    assert told.returncode == 1
    assert "no database is set" in told.stdout
    assert made_nothing(data_dir)


@pytest.mark.parametrize(
    "mistyped", ["DATABSE_URL", "DATABASE_URI", "POSTGRES_URL", "PGHOST", "DB_URL", "SQLALCHEMY_DATABASE_URI"]
)
@pytest.mark.parametrize("command", ["serve", "verify"])
def test_a_mistyped_name_is_told_and_starts_nothing_in_production(
    program: Program, data_dir: Path, command: str, mistyped: str
) -> None:
    production = {"APP_ENV": "production", "AUTH": "on", mistyped: "postgresql://u:geheim@db/shop"}

    told = program.call(command, **production, **NONE)

    assert told.returncode == 1
    assert f"(not read: {mistyped})" in told.stderr
    assert "geheim" not in told.stderr
    assert made_nothing(data_dir)


def test_the_demo_asks_for_the_embedded_database_but_not_in_production(
    program: Program, data_dir: Path
) -> None:
    refused = program.call("serve", "--demo", APP_ENV="production", AUTH="on", **NONE)
    untouched = made_nothing(data_dir)
    program.environment |= NONE
    program.serve("--demo")

    assert "no database is set" in refused.stderr
    assert untouched
    assert f"embedded in {data_dir}" in program.output()


def test_a_setting_that_is_nearly_one_is_told(program: Program, database: str) -> None:
    told = program.call("keys", "list", DATABASE_URL=database, TRUSTED_PROXYS="10.0.0.0/8")

    assert told.returncode == 0
    assert "TRUSTED_PROXYS is set, and is no setting: is TRUSTED_PROXIES meant?" in told.stderr


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://shop:geheim@127.0.0.1:1/sales", "database 'sales' at 127.0.0.1:1, user 'shop'"),
        ("postgresql://u@127.0.0.1:1,[::1]:1/s", "database 's' at 127.0.0.1:1, [::1]:1, user 'u'"),
        ("postgresql://u%40x:geheim@[::1]/s", "database 's' at [::1] port 5432, user 'u@x'"),
        ("postgresql:///s?host=/nowhere&port=7&user=u", "database 's' at /nowhere port 7, user 'u'"),
        ("postgresql://u:geh@eim@127.0.0.1:1/s", "database 's' at 127.0.0.1:1, user 'u'"),
    ],
)
def test_a_command_says_on_which_database_it_works_and_never_the_password(
    program: Program, url: str, said: str
) -> None:
    told = program.call("migrate", DATABASE_URL=url)

    assert told.stderr.startswith(f"boxoffice: working on {said}\n")
    assert "geh" not in told.stderr


def test_what_a_command_works_on_is_no_part_of_its_output(program: Program, database: str) -> None:
    told = program.call("users", "export", "1", DATABASE_URL=database)

    assert told.stdout == ""
    assert "working on database 'boxoffice_test_" in told.stderr


@pytest.mark.parametrize(
    "order", [("--env-file", "FILE", "keys", "list"), ("keys", "list", "--env-file", "FILE")]
)
def test_a_command_takes_the_settings_of_a_file_alone(
    program: Program, database: str, tmp_path: Path, order: tuple[str, ...]
) -> None:
    file = tmp_path / "service.env"
    file.write_text(f"# the service's\nDATABASE_URL='{database}'\n")
    arguments = [str(file) if word == "FILE" else word for word in order]

    told = program.call(*arguments, DATABASE_URL="postgresql://other@127.0.0.1:1/program", DB_POOL_MAX="x")

    assert told.returncode == 0, told.stderr
    assert "working on database 'boxoffice_test_" in told.stderr


def test_a_file_of_settings_that_is_wrong_is_told_in_one_line(program: Program, tmp_path: Path) -> None:
    file = tmp_path / "service.env"
    file.write_text("APP_ENV=production\nDATABASE_URL: geheim\n")

    told = program.call("verify", "--env-file", str(file))

    assert told.returncode == 1
    assert told.stderr == (
        f"boxoffice: {file}, line 2: expected NAME=value, with quotes around all of it or none\n"
    )


def test_the_processes_that_serve_have_the_settings_of_the_file(
    program: Program, database: str, tmp_path: Path
) -> None:
    file = tmp_path / "service.env"
    file.write_text(f"DATABASE_URL='{database}'\nPORT={program.port}\nBOOKING_EXPIRY_MINUTES=1\n")
    program.environment |= {"DATABASE_URL": "postgresql://other@127.0.0.1:1/program", "PORT": "1"}

    program.serve("--env-file", str(file), "--workers", "2")

    assert f"on http://127.0.0.1:{program.port}" in program.output()


def test_an_open_file_that_cannot_be_written_is_not_called_a_database(program: Program) -> None:
    told: subprocess.CompletedProcess[str] = program.call("bench", "--quick", "--out", "/proc/nope", **NONE)

    assert told.returncode == 1
    assert "/proc/nope" in told.stderr
    assert "database cannot be reached" not in told.stderr
