"""What the rules of this folder share: where the files are, and how a broken rule is told."""

import ast
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import pytest

ROOT: Final = Path(__file__).parents[2]
PACKAGE: Final = ROOT / "src" / "boxoffice"

NOT_OURS: Final = ("build", "dist", "htmlcov", "data", "bench-report", "chaos-report", "__pycache__")
"""Folders that git ignores, as far as their names do not begin with a dot."""


class Breach(NamedTuple):
    """One place that breaks a rule."""

    place: str
    """File and line."""
    subject: str
    """What a list of exceptions would name: a file, a function, or one import."""
    what: str


def hold(rule: str, breaches: Iterable[Breach], exceptions: Mapping[str, str] | None = None) -> None:
    """Fail if a rule is broken beyond its exceptions, or if an exception is listed that nothing needs.

    ``exceptions`` gives the reason for each subject. A subject that ends with ``/`` stands for a folder.
    """
    excused, told, needed = exceptions or {}, [], set()
    for breach in breaches:
        reasons = [key for key in excused if key == breach.subject or _is_below(breach.subject, key)]
        needed.update(reasons)
        if not reasons:
            told.append(f"{breach.place}: {breach.what}")
    told += [
        f"{key}: listed as an exception without need; take it out" for key in excused if key not in needed
    ]
    if told:
        pytest.fail("\n  ".join([rule, *told]), pytrace=False)


def _is_below(subject: str, key: str) -> bool:
    return key.endswith("/") and subject.startswith(key)


def files(root: Path, *suffixes: str) -> Iterator[tuple[str, str]]:
    """The path below ``root`` and the text of each of our files whose name ends so."""
    for folder, below, names in os.walk(root):
        below[:] = sorted(name for name in below if not _is_ignored(name))
        for path in (Path(folder, name) for name in sorted(names) if name.endswith(suffixes)):
            yield path.relative_to(root).as_posix(), path.read_text()


def _is_ignored(folder: str) -> bool:
    return folder in NOT_OURS or (folder.startswith(".") and folder != ".ci")


@cache
def parsed(text: str) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(text)


def plant(root: Path, texts: Mapping[str, str]) -> Path:
    """Write files below a temporary folder, for showing that a rule can be broken; return the folder."""
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root
