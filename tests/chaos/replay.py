"""``python -m tests.chaos.replay FILE``: judges a saved history again."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tests.chaos.checker import check
from tests.chaos.history import load

OUT = Console(highlight=False, soft_wrap=True, markup=False)


def main(file: Annotated[Path, typer.Argument(help="A history that a storm left.")]) -> None:
    """Judge a saved history, and print its violations."""
    history = load(file)
    judgement = check(history)
    for violation in judgement.violations:
        OUT.print(f"BROKEN: {violation}")
    OUT.print(
        f"{len(history.operations):,} operations, {judgement.seats:,} seats, {judgement.bookings:,} "
        f"bookings, {judgement.steps:,} steps: {len(judgement.violations)} broken promises"
    )
    sys.exit(1 if judgement.violations else 0)


if __name__ == "__main__":
    typer.run(main)
