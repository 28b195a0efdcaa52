"""What code may say where: SQL in its files, status codes in web/, waits and lint rules with their reason."""

import ast
import re
from collections.abc import Iterator
from http import HTTPStatus
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from tests.house.rules import PACKAGE, ROOT, Breach, files, hold, parsed, plant
from tests.house.test_imports import ROOMS, place

SQL: Final = re.compile(r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE|ALTER|DROP|TRUNCATE|WITH)\s")

NUMBER: Final = re.compile(r"[A-Z]\w+: Final = [-+*/()\d._]*\d[-+*/()\d._ ]*")

SQL_IN_PYTHON: Final = {
    "database/migrate.py": "the lock under which the first table is made",
    "postgres/cluster.py": "CREATE DATABASE takes no parameters, and the name is a constant",
    "doctor/tables.py": "advice to operators, which they type",
    "bench/": "databases of its own, made and dropped",
}

NUMBERS_LIKE_STATUSES: Final = {
    "vocabulary/limits.py": "bounds: each has its unit in its name",
    "telemetry/otel.py": "OpenTelemetry counts a span as failed from 500 on",
}

LOCKS_NOTHING: Final = {
    "functions/clock/engine_now.sql": "reads the clock; volatile, for it must be read after the lock",
}


def sql_in_python(package: Path) -> Iterator[Breach]:
    for path, text in files(package, ".py"):
        for node in ast.walk(parsed(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value):
                yield Breach(
                    f"{path}:{node.lineno}", path, "SQL in a string; a file in sql/queries is its place"
                )


def status_codes(package: Path) -> Iterator[Breach]:
    """Numbers that are errors of HTTP, in the rooms below `web/`."""
    errors = {status.value for status in HTTPStatus if status >= HTTPStatus.BAD_REQUEST}
    for path, text in files(package, ".py"):
        below = place(path.partition("/")[0], ROOMS) < place("web", ROOMS)
        for node in ast.walk(parsed(text)) if below else ():
            if isinstance(node, ast.Constant) and type(node.value) is int and node.value in errors:
                yield Breach(
                    f"{path}:{node.lineno}", path, f"{node.value}: give a fault or a refusal; web/ words it"
                )


def untold_locks(sql: Path) -> Iterator[Breach]:
    """Functions that may change something, and whose header does not say what they lock."""
    for path, text in files(sql, ".sql"):
        header, made, code = text.partition("CREATE OR REPLACE FUNCTION")
        if (
            made
            and not re.search(r"\b(STABLE|IMMUTABLE)\b", code)
            and not re.search(r"\bLocks(: |, [^.]*: )", header)
        ):
            yield Breach(f"{path}:1", path, "end the header with 'Locks: ...'; 'Locks: none.' if so")


def reasonless(root: Path) -> Iterator[Breach]:
    """Lint rules that are switched off, and waits in tests, without a word beside them why."""
    for path, text in files(root, ".py"):
        waits = re.compile(r"\bsleep\((?!0\))[^)]*\)(?!.*  # )" if is_test(path) else "(?!)")
        for no, line in enumerate(text.splitlines(), 1):
            if re.search(r"# noqa: [A-Z0-9, ]+$", line):
                yield Breach(f"{path}:{no}", path, "a lint rule switched off: ' - ' and the reason beside it")
            if waits.search(line) and '"' not in line:
                yield Breach(
                    f"{path}:{no}", path, "stage races with locks; a wait says in a comment what it is"
                )


def bare_bounds(package: Path) -> Iterator[Breach]:
    """Numbers with a public name and without a docstring below it."""
    for path, text in files(package, ".py"):
        body = parsed(text).body
        for node, after in pairwise([*body, ast.Pass()]):
            told = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            if isinstance(node, ast.AnnAssign) and not told and NUMBER.fullmatch(ast.unparse(node)):
                yield Breach(
                    f"{path}:{node.lineno}", path, "say the number's unit and reason in a docstring below"
                )


def is_test(path: str) -> bool:
    return re.search(r"^tests/(?!chaos/).*\btest_\w+\.py$", path) is not None


def test_sql_is_in_files() -> None:
    hold(
        "SQL is written in files, and never put together from strings.", sql_in_python(PACKAGE), SQL_IN_PYTHON
    )


def test_status_codes_are_known_to_web_alone() -> None:
    hold("Nothing below web/ knows status codes.", status_codes(PACKAGE), NUMBERS_LIKE_STATUSES)


def test_each_function_that_changes_something_says_what_it_locks() -> None:
    hold(
        "The header of a VOLATILE function says what it locks.", untold_locks(PACKAGE / "sql"), LOCKS_NOTHING
    )


def test_bounds_have_a_reason() -> None:
    hold("Every bound has a name, a unit and a reason.", bare_bounds(PACKAGE))


def test_reasons_are_beside() -> None:
    hold("What bends a rule says why.", reasonless(ROOT))


# Each rule can be broken ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("engine/reads.py", 'x = "SELECT 1"', 1),
        ("engine/reads.py", "x = f'''\n  DELETE FROM {table}'''", 1),
        ("engine/reads.py", 'x = ["DELETE", "Selects", "SET LOCAL a"]', 0),
    ],
)
def test_sql_in_python_is_found(tmp_path: Path, path: str, text: str, found: int) -> None:
    assert len(list(sql_in_python(plant(tmp_path, {path: text})))) == found


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("engine/reads.py", "x = 409", 1),
        ("access/keys.py", "if x >= 500: pass", 1),
        ("engine/reads.py", "x = 200, 4096, True, 0o700", 0),
        ("web/http/answers.py", "x = 409", 0),
    ],
)
def test_a_status_code_is_found(tmp_path: Path, path: str, text: str, found: int) -> None:
    assert len(list(status_codes(plant(tmp_path, {path: text})))) == found


@pytest.mark.parametrize(
    ("header", "kind", "found"),
    [
        ("-- a(): does.", "VOLATILE", 1),
        ("-- a(): does.", "", 1),
        ("-- Locks: none.", "", 0),
        ("-- Locks, in order: a.", "", 0),
        ("--", "STABLE", 0),
    ],
)
def test_an_untold_lock_is_found(tmp_path: Path, header: str, kind: str, found: int) -> None:
    text = f"{header}\nCREATE OR REPLACE FUNCTION a() RETURNS void\nLANGUAGE sql {kind}\nRETURN 1;\n"
    assert len(list(untold_locks(plant(tmp_path, {"functions/a.sql": text})))) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("WAIT_S: Final = 2.5", 1),
        ("BYTES_MAX: Final = 2 * 1024\nx = 1", 1),
        ('WAIT_S: Final = 2.5\n"""Seconds until a caller looks elsewhere."""', 0),
        ("_OWN: Final = 3\nNAME: Final = 'a'\nSUM: Final = A + B", 0),
    ],
)
def test_a_bound_without_a_reason_is_found(tmp_path: Path, text: str, found: int) -> None:
    assert len(list(bare_bounds(plant(tmp_path, {"engine/lanes.py": text})))) == found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("x = 1  # " + "noqa: S311", 1),
        ("x = 1  # " + "noqa: S311 - no secret", 0),
        ("time.sleep(1)", 1),
        ("await asyncio.sleep(0.5)", 1),
        ("await asyncio.sleep(0)", 0),
        ("await asyncio.sleep(0.5)  # the hold runs out", 0),
    ],
)
def test_a_missing_reason_is_found(tmp_path: Path, line: str, found: int) -> None:
    assert len(list(reasonless(plant(tmp_path, {"tests/engine/test_a.py": line})))) == found
