"""The real server and the model answer alike, whatever commands Hypothesis invents."""

import asyncio
from pathlib import Path
from typing import Final

import pytest

from tests.model.machine import compare
from tests.model.site import SETTINGS, open_site
from tests.support.process.folders import public_folder
from tests.support.process.program import Program

EXAMPLES: Final = 30
"""Examples of one run, of 50 steps each; they take some 15 seconds."""

ENDS: Final = {"done", "replayed", "show_not_found", "invalid_state", "seats_taken", "idempotency_key_reused"}
"""Answers that every run gets many times. If one is missing, the run has hardly tested anything."""


@pytest.mark.slow
async def test_the_server_and_the_model_answer_alike(database: str) -> None:
    with public_folder() as folder:
        # Hypothesis and its client block, so they run in a thread beside this event loop.
        await asyncio.to_thread(_compare, folder, database)


def _compare(folder: Path, dsn: str) -> None:
    program = Program(folder, DATABASE_URL=dsn, **SETTINGS)
    try:
        program.serve()
        with open_site(program.url, dsn) as site:
            compare(site, examples=EXAMPLES)
            assert set(site.tally) >= ENDS, f"not met: {ENDS - set(site.tally)}"
    finally:
        program.close()
