"""Tests in which two sessions meet run under both isolations."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.house.rules import ROOT, Breach, files, hold, parsed, plant

MARK: Final = "pytest.mark.both_isolations"

MEETING: Final = {"open_box", "wait_until_blocked", "faults_in"}
"""Calls by which a second session, or a fault, comes into a test of an engine."""


def unmarked(root: Path) -> Iterator[Breach]:
    """Tests with an engine, and something that meets it, without a mark for the second run."""
    for path, text in files(root, ".py"):
        module = parsed(text)
        marked = any(isinstance(node, ast.Assign) and MARK in ast.unparse(node) for node in module.body)
        for node in () if marked else module.body:
            if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("test_") and meets(node):
                yield Breach(f"{path}:{node.lineno}", f"{path}: {node.name}", f"mark it {MARK}")


def meets(test: ast.AsyncFunctionDef) -> bool:
    """Whether a second session meets the engine of a test that does not say under which isolations."""
    said = any(MARK in told or "'isolation'" in told for told in map(ast.unparse, test.decorator_list))
    asked = {argument.arg for argument in test.args.args}
    called = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
    return not said and ("isolation" in asked or ("box" in asked and bool(called & MEETING)))


def test_sessions_meet_under_both_isolations() -> None:
    hold("A test in which two sessions meet runs under both isolations.", unmarked(ROOT / "tests"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("async def test_a(box, isolation): ...", 1),
        ("async def test_a(box):\n    async with open_box(x): ...", 1),
        ("async def test_a(box):\n    await wait_until_blocked(x)", 1),
        (f"@{MARK}\nasync def test_a(box, isolation): ...", 0),
        (f"pytestmark = {MARK}\nasync def test_a(box, isolation): ...", 0),
        ("@pytest.mark.parametrize('isolation', ['read_committed'])\nasync def test_a(isolation): ...", 0),
        ("async def test_a(box):\n    await box.show()", 0),
    ],
)
def test_a_test_without_its_second_run_is_found(tmp_path: Path, text: str, found: int) -> None:
    assert len(list(unmarked(plant(tmp_path, {"engine/test_a.py": text})))) == found
