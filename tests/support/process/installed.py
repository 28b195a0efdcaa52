"""Programs that some tests need, from packages of the system."""

import os
import shutil
from typing import Final, NoReturn

import pytest

MUST: Final = "TESTS_NEED_ALL_PROGRAMS"
"""With this variable set, as ``.ci/run`` does, a test whose program is missing fails; else it is skipped."""

_PACKAGES: Final = {"promtool": "prometheus"}
"""Debian's package of a program, where it has another name."""


def installed(program: str) -> str:
    """The path of a program; ends the test if it is not installed."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin") or missing(program)


def missing(program: str) -> NoReturn:
    """Ends the test: it needs a program that is not there."""
    told = f"{program} is not installed (Debian: {_PACKAGES.get(program, program)})"
    if os.environ.get(MUST):
        pytest.fail(told)
    pytest.skip(told)
