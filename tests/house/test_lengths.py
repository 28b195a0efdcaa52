"""How long functions and files may be, and how wide comments. Ruff holds the width of Python (E501)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

import pytest

from tests.house.rules import ROOT, Breach, files, hold, parsed, plant

FUNCTION_LINES_MAX: Final = 60
"""Lines of a function, with its docstring: more than a screen is not seen at once."""

FUNCTION_LINES_MEDIAN: Final = 10
"""Most functions fit in ten lines: they do one thing, and their name says which."""

FILE_LINES_MAX: Final = 400
"""Lines of a file of code: a longer one has more than one subject."""

SQL_LINES_MAX: Final = 95
"""Lines of a file of SQL, which holds one statement or function."""

WIDTH_MAX: Final = 110
"""Characters in a line of prose, as .editorconfig says."""

LONG_SQL: Final = {"src/boxoffice/sql/migrations/": "a migration tells the tables of one subject together"}

COMMENT: Final = {
    ".sql": "--",
    ".lua": "--",
    **dict.fromkeys((".cfg", ".yaml", ".yml", ".service", ".toml", ".example", ".editorconfig"), "#"),
    **dict.fromkeys(("Makefile", "Dockerfile", "run"), "#"),
}
"""What begins a comment, by the end of the file's name. Ruff looks at Python."""


def long_functions(root: Path) -> Iterator[Breach]:
    for path, text in files(root, ".py"):
        for name, line, lines in functions(text):
            if lines > FUNCTION_LINES_MAX:
                yield Breach(
                    f"{path}:{line}", f"{path}: {name}", f"{name} has {lines} lines; give a step a name"
                )


def functions(text: str) -> Iterator[tuple[str, int, int]]:
    """The name, first line and number of lines of each function, without its decorators."""
    for node in ast.walk(parsed(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1


def median_lines(root: Path) -> float:
    return median(lines for _, text in files(root, ".py") for _, _, lines in functions(text))


def long_files(root: Path) -> Iterator[Breach]:
    for path, text in files(root, ".py", ".sql", ".lua"):
        lines, most = text.count("\n"), SQL_LINES_MAX if path.endswith(".sql") else FILE_LINES_MAX
        if lines > most:
            yield Breach(f"{path}:{most}", path, f"has {lines} lines, {most} are the most; cut it by subject")


def wide_comments(root: Path) -> Iterator[Breach]:
    for path, text in files(root, *COMMENT):
        begins = next(mark for end, mark in COMMENT.items() if path.endswith(end))
        for no, line in enumerate(text.splitlines(), 1):
            if len(line) > WIDTH_MAX and re.match(rf"\s*{begins}", line):
                yield Breach(
                    f"{path}:{no}", path, f"a comment of {len(line)} characters; break it at {WIDTH_MAX}"
                )


def test_functions_are_seen_at_once() -> None:
    hold(f"No function has more than {FUNCTION_LINES_MAX} lines.", long_functions(ROOT))


@pytest.mark.parametrize("folder", ["src", "tests"])
def test_most_functions_are_short(folder: str) -> None:
    assert median_lines(ROOT / folder) <= FUNCTION_LINES_MEDIAN


def test_files_have_one_subject() -> None:
    hold("Files of code and of SQL are short.", long_files(ROOT), LONG_SQL)


def test_comments_fit_the_width() -> None:
    hold(f"Comments are at most {WIDTH_MAX} characters wide.", wide_comments(ROOT), {})


def test_the_width_is_the_one_of_the_editor_and_of_ruff() -> None:
    assert f"max_line_length = {WIDTH_MAX}\n" in (ROOT / ".editorconfig").read_text()
    assert f"line-length = {WIDTH_MAX}\n" in (ROOT / "pyproject.toml").read_text()


# Each rule can be broken ----------------------------------------------------------------------


def places(breaches: Iterator[Breach]) -> list[str]:
    return [breach.place for breach in breaches]


def test_a_long_function_is_found(tmp_path: Path) -> None:
    short, long = "def a():\n" + "    x\n" * 59, "class B:\n  async def b(self):\n" + "    x\n" * 60

    plant(tmp_path, {"a.py": short, "b.py": long})
    assert places(long_functions(tmp_path)) == ["b.py:2"]
    assert median_lines(tmp_path) == 60.5


def test_a_long_file_is_found(tmp_path: Path) -> None:
    plant(
        tmp_path, {f"{lines}{kind}": "\n" * lines for lines in (95, 96, 400, 401) for kind in (".py", ".sql")}
    )
    assert places(long_files(tmp_path)) == ["400.sql:95", "401.py:400", "401.sql:95", "96.sql:95"]


@pytest.mark.parametrize("name", ["a.sql", "a.lua", "a.cfg", "Makefile", "a.yml", ".ci/run"])
def test_a_wide_comment_is_found(tmp_path: Path, name: str) -> None:
    begins = "--" if name in ("a.sql", "a.lua") else "#"
    plant(tmp_path, {name: f"  {begins}{'x' * 110}\n  {begins}{'x' * 106}\n{'x' * 200}\n"})
    assert places(wide_comments(tmp_path)) == [f"{name}:1"]
