"""``make chaos``: all campaigns one after the other, for half an hour unless told otherwise."""

import asyncio
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from tests.chaos.campaign import Campaign, Findings, Stage, carry_out
from tests.chaos.campaigns import CAMPAIGNS
from tests.support.process.folders import public_folder

OUT = Console(highlight=False, soft_wrap=True)


def main(
    minutes: Annotated[float, typer.Option(help="How long all of it takes, about.")] = 30.0,
    seed: Annotated[int | None, typer.Option(help="Repeat the choices of an earlier run.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="A campaign's name; may be given again.")] = None,
    out: Annotated[Path, typer.Option(help="Where the report and failing histories go.")] = Path(
        "chaos-report"
    ),
) -> None:
    """Try to make Boxoffice sell a seat twice or lose a booking."""
    seed = random.randrange(10**9) if seed is None else seed
    chosen = [campaign for campaign in CAMPAIGNS if not only or campaign.name in only]
    if only and len(chosen) < len(set(only)):
        OUT.print(f"there are only these campaigns: {', '.join(c.name for c in CAMPAIGNS)}")
        sys.exit(2)
    out.mkdir(parents=True, exist_ok=True)
    OUT.print(f"seed {seed}, {minutes:g} min, {len(chosen)} campaigns")
    found = {
        campaign.name: _run(campaign, _seconds(campaign, chosen, minutes), seed, out) for campaign in chosen
    }
    (out / "findings.json").write_bytes(msgspec.json.format(msgspec.json.encode({"seed": seed} | found)))
    broken = sum(len(findings.violations) for findings in found.values())
    OUT.print(f"\nseed {seed}: {len(found)} campaigns, {broken} broken promises")
    sys.exit(1 if broken else 0)


def _seconds(campaign: Campaign, chosen: Sequence[Campaign], minutes: float) -> float:
    return 60 * minutes * campaign.share / sum(other.share for other in chosen)


def _run(campaign: Campaign, seconds: float, seed: int, out: Path) -> Findings:
    OUT.print(f"\n{campaign.name}: {campaign.promise} ({seconds:.0f} s)")
    started = time.monotonic()
    with public_folder() as folder:
        findings = asyncio.run(carry_out(campaign, Stage(folder, seconds, seed)))
        if findings.violations:
            _keep_histories(folder, out)
    for name, figure in findings.figures.items():
        OUT.print(f"  {name}: {figure:,}" if isinstance(figure, int) else f"  {name}: {figure}")
    for violation in findings.violations:
        OUT.print(f"  BROKEN: {violation}")
    OUT.print(f"  {len(findings.violations)} broken promises in {time.monotonic() - started:.0f} s")
    return findings


def _keep_histories(folder: Path, out: Path) -> None:
    for history in folder.glob("*.jsonl"):
        (out / history.name).write_bytes(history.read_bytes())
        OUT.print(f"  the history is in {out / history.name}")


if __name__ == "__main__":
    typer.run(main)
