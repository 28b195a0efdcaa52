"""How the commands speak: results on the output, all else on the error output."""

import errno
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Annotated, Any, Final, NoReturn

import typer
from rich.cells import cell_len
from rich.console import Console

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
"""The option of commands that print lists and findings."""

_GAP: Final = "  "


out: Final = Console()

FULL: Final = "the output cannot be written: its disk is full"


def tell(line: str) -> None:
    """Says on the error output what a command works on, so that its output has the results alone."""
    sys.stderr.write(f"boxoffice: {line}\n")
    sys.stderr.flush()


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints rows of which nothing is cut, each on one line; on a terminal that is too narrow for the longest
    row, each cell on a line of its own.
    """
    rows = [[shown(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(header, *rows, strict=True)]
    if out.is_terminal and sum(widths) + len(_GAP) * (len(widths) - 1) > out.width:
        blocks = [
            "\n".join(f"{name}: {cell}" for name, cell in zip(header, row, strict=True)) for row in rows
        ]
        lines = "\n\n".join(blocks)
    else:
        lines = "\n".join(_line(row, widths) for row in (header, *rows))
    sys.stdout.write(f"{lines}\n")


def say(line: str) -> None:
    """Prints a line of the result."""
    sys.stdout.write(f"{shown(line)}\n")


def shown(text: str) -> str:
    """The text with each character that is not printable, such as a code for terminals, as its number."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def print_json(told: Any) -> None:
    """Prints a value as JSON, for programs."""
    import msgspec  # noqa: PLC0415 - `--help` needs none of it

    sys.stdout.write(msgspec.json.format(msgspec.json.encode(told)).decode() + "\n")


def take_any_terminal() -> None:
    """Lets every text be written, whatever the terminal can show: what it cannot is told by its number. A
    stream that was closed before the start takes all, and drops it.
    """
    sys.stdout, sys.stderr = sys.stdout or _nowhere(), sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def write_all() -> None:
    """Writes what is left of the output; it is dropped if its reader went away, as ``head`` does, or if the
    disk is full. A full disk ends the program with status 1.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno == errno.ENOSPC:
            fail(FULL)


def fail(message: str) -> NoReturn:
    """Says why, and ends the program with status 1."""
    tell(message)
    raise SystemExit(1)


def _nowhere() -> IO[str]:
    return Path(os.devnull).open("w")


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return _GAP.join(
        f"{cell}{' ' * (width - cell_len(cell))}" for cell, width in zip(row, widths, strict=True)
    ).rstrip()
