"""Fixtures for tests of the program as its users start it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.process.folders import public_folder
from tests.support.process.program import Program


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder for the embedded PostgreSQL."""
    with public_folder() as folder:
        yield folder


@pytest.fixture
def program(data_dir: Path) -> Iterator[Program]:
    """The program, not started."""
    program = Program(data_dir)
    yield program
    program.close()
