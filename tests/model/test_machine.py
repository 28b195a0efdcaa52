"""The real server and the model answer alike, whatever commands Hypothesis invents."""

import asyncio
from pathlib import Path
from typing import Final

import pytest

from tests.model.machine import compare
from tests.model.site import SETTINGS, open_site
from tests.support.process.folders import public_folder
from tests.support.process.program import Program

EXAMPLES: Final = 12
"""Examples of a short run, of 50 steps each; they take some 5 seconds."""

MANY_EXAMPLES: Final = 60

ENDS: Final = {"done", "show_not_found", "invalid_state", "seats_taken", "idempotency_key_reused"}
"""Answers that every run gets many times. If one is missing, the run has hardly tested anything."""

RARE_ENDS: Final = {"replayed"}
"""Answers that a long run gets many times."""


@pytest.mark.parametrize(
    ("examples", "ends"),
    [(EXAMPLES, ENDS), pytest.param(MANY_EXAMPLES, ENDS | RARE_ENDS, marks=pytest.mark.proof)],
    ids=["few", "many"],
)
async def test_the_server_and_the_model_answer_alike(database: str, examples: int, ends: set[str]) -> None:
    with public_folder() as folder:
        # Hypothesis and its client block, so they run in a thread beside this event loop.
        tally = await asyncio.to_thread(_compare, folder, database, examples)
    assert tally >= ends, f"not met: {ends - tally}"


def _compare(folder: Path, dsn: str, examples: int) -> set[str]:
    """Compare the two; returns the kinds of answers that the run got."""
    program = Program(folder, DATABASE_URL=dsn, **SETTINGS)
    try:
        program.serve()
        with open_site(program.url, dsn) as site:
            compare(site, examples=examples)
            return set(site.tally)
    finally:
        program.close()
