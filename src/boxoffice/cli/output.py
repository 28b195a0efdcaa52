"""How the commands speak: lines on the output, and one line on the error output when a command fails."""

import sys
from typing import Final, NoReturn

from rich.console import Console

out: Final = Console()


def fail(message: str) -> NoReturn:
    """Says why, and ends the program with status 1."""
    sys.stderr.write(f"boxoffice: {message}\n")
    raise SystemExit(1)
