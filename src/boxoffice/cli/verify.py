"""The command ``boxoffice verify``."""

import asyncio

import typer
from rich.table import Table

from boxoffice.cli.output import out
from boxoffice.cli.shared import connected, dsn_of, read_settings
from boxoffice.database.verify import CheckResult
from boxoffice.database.verify import verify as run_checks

app = typer.Typer(add_completion=False)


@app.command()
def verify() -> None:
    """Check the database against every invariant, in one snapshot; status 1 on a violation."""
    with connected(read_settings()) as settings:
        results = asyncio.run(run_checks(dsn_of(settings)))
    out.print(_table(results))
    for result in results:
        for violation in result.violations:
            out.print(
                f"{result.name}: show {violation.show_id}: {violation.text}", markup=False, soft_wrap=True
            )
    if any(result.violation_count for result in results):
        raise typer.Exit(1)


def _table(results: list[CheckResult]) -> Table:
    table = Table("check", "what must hold", "violations", "seconds")
    for result in results:
        style = "bold red" if result.violation_count else "green"
        table.add_row(
            result.name, result.meaning, f"[{style}]{result.violation_count}[/]", f"{result.seconds:.3f}"
        )
    return table
