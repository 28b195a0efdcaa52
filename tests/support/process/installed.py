"""Programs that some tests need, from packages of the system."""

import os
import shutil
from typing import Final, NoReturn

import pytest

MUST: Final = "TESTS_NEED_ALL_PROGRAMS"
"""If this variable is set, as by ``.ci/run``, a test fails when its program is missing; otherwise it is
skipped."""

_PACKAGES: Final = {
    "epmd": "erlang-base",
    "promtool": "prometheus",
    "psql": "postgresql-client",
    "systemd-analyze": "systemd",
    "nginx": "nginx-light",
    "javac": "openjdk-17-jdk-headless",
}
"""Debian's package of a program, where it has another name."""


def installed(program: str) -> str:
    """The path of a program. If the program is not installed, the test is skipped or fails."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin") or missing(program)


def missing(program: str) -> NoReturn:
    """Skip the test, or let it fail, because a program that it needs is not installed."""
    _give_up(f"{program} is not installed (Debian: {_PACKAGES.get(program, program)})")


def missing_clients() -> NoReturn:
    """Skip the test, or let it fail, because the generators of clients are not installed."""
    _give_up("the generators of clients are not installed; run: make clients")


def _give_up(why: str) -> NoReturn:
    if os.environ.get(MUST):
        pytest.fail(why)
    pytest.skip(why)
