"""The report on the terminal."""

from rich.console import Console
from rich.table import Table

from boxoffice.bench.report import Report
from boxoffice.bench.tables import Grid, extras, figures_grid, targets_grid

FILE_COLUMNS = 150
"""Width of the tables when they go into a file, in characters."""


def show(report: Report, out: Console) -> None:
    """Prints every scenario's figures, then the targets, then whether the data were right."""
    if not out.is_terminal:
        out.width = FILE_COLUMNS
    for result in report.scenarios:
        figures = report.figures_of(result.name)
        out.print(_table(figures_grid(figures, brief=True), result.title))
        for line in [*extras(figures), *result.notes]:
            out.print(f"  {line}", markup=False)
        for account in result.accounts:
            if not account.balanced:
                out.print(f"[bold red]the books do not balance:[/] {account}")
        for violated in result.violations:
            out.print(f"[bold red]verify:[/] {violated}")
    out.print(_table(targets_grid(report, measured=True), "Targets"))
    verdict = "[green]The data were right after every scenario.[/]"
    out.print(verdict if report.correct else "[bold red]The data were wrong.[/]")


def _table(grid: Grid, title: str) -> Table:
    table = Table(title=title, title_justify="left")
    for place, column in enumerate(grid.columns):
        table.add_column(column, justify="right" if place else "left", overflow="fold")
    for row in grid.rows:
        table.add_row(*row)
    return table
