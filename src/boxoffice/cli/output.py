"""How the commands speak: results on the output, all else on the error output."""

import sys
from typing import Final, NoReturn

from rich.console import Console

out: Final = Console()


def tell(line: str) -> None:
    """Says on the error output what a command works on, so that its output has the results alone."""
    sys.stderr.write(f"boxoffice: {line}\n")
    sys.stderr.flush()


def fail(message: str) -> NoReturn:
    """Says why, and ends the program with status 1."""
    tell(message)
    raise SystemExit(1)
