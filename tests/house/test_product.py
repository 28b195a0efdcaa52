"""The repository speaks of the product alone: no paths of a machine, no registries, nothing left to do."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.house.rules import ROOT, Breach, files, hold, plant

SUFFIXES: Final = (
    *(".py", ".sql", ".lua", ".patch", ".md", ".txt", ".lock", ".toml", ".yaml", ".yml", ".json"),
    *(".cfg", ".service", ".tpl", ".example", "Makefile", "Dockerfile", "run"),
)

MACHINE: Final = re.compile(r"(?<![\w.}/-])/(?:work|workspaces?|root|Users|home/\w+)/")
REGISTRY: Final = re.compile(
    r"https?://\S*(?:pypi|pythonhosted|npmjs|proxy\.golang)|--(?:extra-)?index-url\b"
)
LEFT: Final = re.compile(r"(?:--|#).*\b(?:TODO|FIXME|XXX)\b")
"""In Python ruff looks for it (FIX)."""


def foreign(root: Path) -> Iterator[Breach]:
    for path, text in files(root, *SUFFIXES):
        for no, line in enumerate(text.splitlines(), 1):
            if MACHINE.search(line):
                yield Breach(f"{path}:{no}", path, "a path of one machine; make it relative, or a parameter")
            if REGISTRY.search(line):
                yield Breach(
                    f"{path}:{no}", path, "the address of a registry; whoever installs has a registry"
                )
            if LEFT.search(line) and not path.endswith(".py"):
                yield Breach(f"{path}:{no}", path, "something left to do; do it, or file it")


def test_the_repository_speaks_of_the_product_alone() -> None:
    hold("No paths of a machine, no registries, nothing left to do.", foreign(ROOT))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("cd /" + "work/boxoffice", 1),
        ("see '/" + "root/notes'", 1),
        ("/" + "home/jane/boxoffice", 1),
        ("--hash=sha256:0  # https://" + "pypi.org/simple", 1),
        ("pip install --" + "index-url x", 1),
        ("-- FIXME", 1),
        ("x = 1  # TODO: y", 1),
        ("GET https://example.org/" + "root/1 and docs/" + "root/x", 0),
        ("uv pip compile --no-emit-index-url", 0),
        ("v_todo := 1", 0),
    ],
)
def test_what_is_foreign_is_found(tmp_path: Path, line: str, found: int) -> None:
    assert len(list(foreign(plant(tmp_path, {"a.sql": line, "b.bin": line})))) == found
