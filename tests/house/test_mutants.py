"""Mutants are numbered without a gap, say what they break, and name tests that exist."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.house.rules import ROOT, Breach, files, hold, plant

HEAD: Final = re.compile(r"Breaks: \S.*\nNoticed by: (\S.*)\n\ndiff --git ")


def wrong_mutants(folder: Path, root: Path) -> Iterator[Breach]:
    """Patches of a folder with a wrong number or head, or with tests that are not there."""
    for no, (name, text) in enumerate(files(folder, ".patch"), 1):
        head = HEAD.match(text)
        if not re.match(rf"{no:02}-[a-z]", name):
            yield Breach(name, name, f"its number is to be {no:02}: no gap, and none twice")
        if not head:
            yield Breach(name, name, "begins with 'Breaks: ...', 'Noticed by: ...' and an empty line")
        for test in head[1].split() if head else ():
            if not exists(test, root):
                yield Breach(name, name, f"names {test}, which is not there")


def exists(test: str, root: Path) -> bool:
    """Whether a test is there that is named as pytest has it: a file, or a function in it."""
    path, _, function = test.partition("::")
    defined = f"def {function.partition('[')[0]}(" if function else ""
    return (root / path).exists() and (not defined or defined in (root / path).read_text())


def test_mutants_are_in_order() -> None:
    hold("Mutants are numbered, and name their tests.", wrong_mutants(ROOT / "tests" / "mutants", ROOT))


def stale_mutants(folder: Path, root: Path) -> Iterator[Breach]:
    """Patches of a folder that do not fit the files under ``root`` any more."""
    for patch in sorted(folder.glob("*.patch")):
        command = ["git", "apply", "--check", str(patch)]
        checked = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        if checked.returncode:
            yield Breach(patch.name, patch.name, checked.stderr.strip())


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="a copy with a mutant in it is no repository")
def test_mutants_apply() -> None:
    hold("Mutants apply to the files as they are.", stale_mutants(ROOT / "tests" / "mutants", ROOT))


# The rule can be broken -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "head", "wrong"),
    [
        ("01-a.patch", "Breaks: a\nNoticed by: test_a.py test_a.py::test_a test_a.py::test_a[1]\n", ""),
        ("02-a.patch", "Breaks: a\nNoticed by: test_a.py\n", "to be 01"),
        ("1-a.patch", "Breaks: a\nNoticed by: test_a.py\n", "to be 01"),
        ("01-a.patch", "Breaks: a\n", "begins with"),
        ("01-a.patch", "Breaks: a\nNoticed by: \n", "begins with"),
        ("01-a.patch", "Breaks: a\nNoticed by: test_b.py\n", "names test_b.py"),
        ("01-a.patch", "Breaks: a\nNoticed by: test_a.py::test_b\n", "names test_a.py::test_b"),
    ],
)
def test_a_wrong_mutant_is_found(tmp_path: Path, name: str, head: str, wrong: str) -> None:
    plant(tmp_path, {name: f"{head}\ndiff --git a/x b/x\n", "test_a.py": "def test_a() -> None: ..."})

    found = list(wrong_mutants(tmp_path, tmp_path))
    assert len(found) == bool(wrong)
    assert all(wrong in breach.what for breach in found)


def test_a_mutant_of_another_text_is_found(tmp_path: Path) -> None:
    patch = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-as it was\n+broken\n"
    plant(tmp_path, {"1.patch": patch, "2.patch": patch.replace("was", "is"), "x": "as it is\n"})

    [breach] = stale_mutants(tmp_path, tmp_path)
    assert breach.what.startswith("error: patch failed")
