"""The report as Markdown."""

from collections.abc import Iterator, Sequence
from textwrap import fill
from typing import Final

from boxoffice.bench.report import Report
from boxoffice.bench.results import ScenarioResult
from boxoffice.bench.tables import Grid, books_grid, extras, figures_grid, targets_grid, updates_grid

LINE_CHARS_MAX: Final = 110
"""Characters of a line of prose, as in docs/performance.md, where the report is pasted."""

READING = """\
- Everything runs on one machine: load generator, server and PostgreSQL share its cores. A baseline
  that needs no load generator or no server has more of them for itself.
- *a second* is the median of all rounds, with the least and the most beside it. In each round
  everything of a scenario is measured once, one after another and each round beginning elsewhere, so
  that a machine that gets slower treats all alike; a ratio is the median of the rounds' own ratios. A
  ratio marked `~` is to a baseline of the scenario *Hot show*, measured at another time.
- A crowd connects all at once, and its first requests wait until the server has accepted it.
- After each scenario `verify` checks every invariant, and the books must balance: whatever was
  acknowledged is in the database, and besides it at most what had no answer yet when the time was over.
- wrk corrects its percentiles for the requests that a slow answer kept from being sent; the built-in
  generator and pgbench tell them as they were seen.
- Frames are those of one watcher, and their *second* is one of the server's processor. A watcher reads on
  the same cores: of how late a frame comes, its reading is a part.
- What a scenario tells is balanced, too: a broker has each event that it acknowledged, and no other; every
  watcher saw the last event; every ticket is a booking.
- *not done* counts answers of status 400 and above and requests without answer, of all rounds together.
"""


def to_markdown(report: Report, plots: Sequence[str]) -> str:
    """The whole report; ``plots`` are the names of the pictures beside it."""
    return "\n".join(_parts(report, plots))


def _parts(report: Report, plots: Sequence[str]) -> Iterator[str]:
    verdict = (
        "The data were right after every scenario."
        if report.correct
        else "**THE DATA WERE WRONG: see below.**"
    )
    yield "# Boxoffice benchmark\n"
    yield f"Boxoffice {report.version}, {report.started_at:%Y-%m-%d %H:%M} UTC, `{report.command}`,"
    yield f"{report.seconds / 60:.1f} minutes. {verdict}\n"
    yield from _section("Targets", targets_grid(report))
    yield from (f"![{name.partition('.')[0]}]({name})\n" for name in plots)
    yield from _section("Machine", _facts(report))
    for result in report.scenarios:
        yield from _scenario(report, result)
    yield "## How to read it\n"
    yield READING


def _facts(report: Report) -> Grid:
    rounds = f"{report.plan.rounds} rounds of {report.plan.seconds} s"
    around = report.surroundings
    rows = [["load generator", around.generator], ["one booking a transaction", around.one_at_a_time]]
    rows += [["plan", f"{report.plan.name}: {rounds}"]]
    rows += [[name, text] for name, text in around.machine.items()]
    rows += [[f"Boxoffice: {name}", text] for name, text in around.settings.items()]
    rows += [[f"PostgreSQL: {name}", text] for name, text in around.postgres.items()]
    return Grid(["what", ""], rows)


def _scenario(report: Report, result: ScenarioResult) -> Iterator[str]:
    figures = report.figures_of(result.name)
    yield from _section(result.title, figures_grid(figures), result.about)
    notes = [*extras(figures), *result.notes]
    yield from (fill(f"- {note}", LINE_CHARS_MAX, subsequent_indent="  ") for note in notes)
    checked = "`verify` found nothing."
    if result.violations:
        checked = f"**`verify` found: {result.violations}**"
    yield f"- {checked}\n"
    yield from _table(books_grid(result))
    yield from _table(updates_grid(result))


def _section(title: str, grid: Grid, about: str = "") -> Iterator[str]:
    yield f"## {title}\n"
    if about:
        yield f"{fill(about, LINE_CHARS_MAX)}\n"
    yield from _table(grid)


def _table(grid: Grid) -> Iterator[str]:
    yield _line(grid.columns)
    yield _line(["---"] + ["--:"] * (len(grid.columns) - 1))
    yield from (_line(row) for row in grid.rows)
    yield ""


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
