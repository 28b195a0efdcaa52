"""Commands of the program, run in this process. That saves the half second in which a new process starts."""

import io
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Final
from unittest import mock

from boxoffice.cli.main import main
from boxoffice.cli.output import out

COLUMNS: Final = 80
"""Characters in a line of output if COLUMNS is not set, as in a pipe."""


def call(*arguments: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run ``boxoffice`` with these arguments and only this environment. The caller must be the main thread,
    and not a coroutine, because a command starts its own event loop.
    """
    stdout, stderr, status = io.StringIO(), io.StringIO(), 0
    with _surroundings(arguments, environment), redirect_stdout(stdout), redirect_stderr(stderr):
        try:
            main()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
    return subprocess.CompletedProcess(arguments, status, stdout.getvalue(), stderr.getvalue())


@contextmanager
def _surroundings(arguments: tuple[str, ...], environment: Mapping[str, str]) -> Iterator[None]:
    """The environment and arguments of a new process, for the length of a block; then the old ones are
    back.
    """
    handler, width = signal.getsignal(signal.SIGTERM), out.width
    out.width = int(environment.get("COLUMNS", COLUMNS))
    try:
        with (
            mock.patch.dict(os.environ, environment, clear=True),
            mock.patch("sys.argv", ["boxoffice", *arguments]),
        ):
            yield
    finally:
        out.width = width
        signal.signal(signal.SIGTERM, handler)
