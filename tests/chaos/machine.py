"""The model against the real server through HTTP, by Hypothesis, for as long as there is time."""

import asyncio
import time
from itertools import count

from boxoffice.database.migrate import migrate
from boxoffice.postgres.embedded import start_embedded
from tests.chaos.campaign import Campaign, Findings, Stage
from tests.model.machine import compare
from tests.model.site import SETTINGS, Site, open_site
from tests.support.process.program import Program

FIRST_EXAMPLES = 5
"""Examples of the first round, and of the short version."""

MORE_EXAMPLES = 50
"""Examples of each further round. In a longer round Hypothesis spreads its choices better."""


async def run(stage: Stage) -> Findings:
    """Each round has a seed of its own, which a failure names."""
    with start_embedded(stage.folder / "postgres") as server:
        await migrate(server.dsn)
        program = Program(stage.folder, DATABASE_URL=server.dsn, **SETTINGS)
        try:
            program.serve()
            return await asyncio.to_thread(_rounds, stage, program.url, server.dsn)
        finally:
            program.close()


def _rounds(stage: Stage, url: str, dsn: str) -> Findings:
    deadline = time.monotonic() + stage.seconds
    findings = Findings({}, [])
    with open_site(url, dsn) as site:
        for number in count():
            examples = MORE_EXAMPLES if number else FIRST_EXAMPLES
            if violation := _round(site, examples, stage.seed + number):
                findings.violations.append(violation)
            if findings.violations or time.monotonic() >= deadline:
                break
        findings.figures |= {"examples": site.examples, **dict(sorted(site.tally.items()))}
    return findings


def _round(site: Site, examples: int, seed: int) -> str | None:
    """Run one round; returns the failure with its shortest example, if there is one."""
    try:
        compare(site, examples=examples, seed=seed)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what was looked for
        notes = "\n".join(getattr(error, "__notes__", ()))
        return f"Server and model differ (Hypothesis seed {seed}, {examples} examples): {error}\n{notes}"
    return None


CAMPAIGN = Campaign(
    name="machine",
    promise="whatever is asked in whatever order, the server answers as the model does",
    share=3,
    short_s=0,
    run=run,
)
