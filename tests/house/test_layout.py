"""The tests lie as the code does: who knows a room finds its tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.house.rules import PACKAGE, ROOT, Breach, hold, plant

KINDS: Final = (".py", ".sql", ".patch")

WITHOUT_TESTS: Final[dict[str, str]] = {}
"""Rooms without a folder of tests, and what tests them instead."""

WITHOUT_ROOM: Final = {
    "house": "the rules of this repository",
    "model": "a model beside the program: histories, races, every order of the steps",
    "process": "the program as its users start it",
    "chaos": "campaigns of faults",
    "mutants": "patches that the suite must notice",
    "support": "what several tests share",
}
"""Folders of tests without a room, and what they are about."""


def rooms(folder: Path) -> set[str]:
    """The folders with Python, SQL or patches in them; those of `web/` one by one."""
    inside = [path.parent.relative_to(folder).parts for path in folder.rglob("*") if path.suffix in KINDS]
    return {"/".join(parts[: 2 if parts[0] == "web" else 1]) for parts in inside if parts} - {"web"}


def unlike(code: Path, tests: Path) -> Iterator[Breach]:
    for room in sorted(rooms(code) - rooms(tests)):
        yield Breach(f"src/boxoffice/{room}", room, f"has no folder tests/{room}")
    for room in sorted(rooms(tests) - rooms(code)):
        yield Breach(f"tests/{room}", room, f"there is no src/boxoffice/{room}; move the tests to their room")


def test_tests_lie_as_the_code_does() -> None:
    hold(
        "Each room of src has its folder in tests.",
        unlike(PACKAGE, ROOT / "tests"),
        WITHOUT_TESTS | WITHOUT_ROOM,
    )


def test_a_difference_is_found(tmp_path: Path) -> None:
    code = plant(
        tmp_path / "code", {"a/x.py": "", "b/c/x.sql": "", "web/http/x.py": "", "web/x.py": "", "x.py": ""}
    )
    tests = plant(tmp_path / "tests", {"a/x.py": "", "d/x.py": "", "web/edge/x.py": "", "x.py": ""})

    assert [breach.subject for breach in unlike(code, tests)] == ["b", "web/http", "d", "web/edge"]
