"""``make mutants``: shows that the suite can fail.

Each patch in this folder breaks Boxoffice in one way. It is applied to a copy of the tree, and the suite
must fail there: first the tests that the patch names, and if these pass, all of them. A patch that does
not apply any more is a failure, and so is one that breaks so much that anything would notice.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final

import typer
from msgspec import Struct
from rich.console import Console

FOLDER: Final = Path(__file__).parent
ROOT: Final = FOLDER.parents[1]
OUT: Final = Console(highlight=False, soft_wrap=True, markup=False)  # names of tests have brackets

SANE: Final = ("tests/engine/test_one_batch.py::test_seats_go_in_the_order_of_arrival",)
"""Must pass on every mutant, and runs first: it is a subtle fault, not a heap of rubble."""

RUN_MAX_S: Final = 1_200.0
"""Longest run of tests on a mutant, in seconds: twice the whole suite. One that hangs counts as noticed."""

ALL_OF_THEM: Final = ("-m", "")
"""For tests that are named: those that only `make proof` runs, too."""

IN_PARALLEL: Final = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
"""As `make test` runs the suite."""

HANG_S: Final = 60
"""Seconds after which a test of a mutant is taken to hang; the longest takes half of it."""

PASSED: Final = 0
FAILED: Final = (1, 2)
"""Exit statuses of pytest; the last is that of several processes that stop at the first failure. Any other
status says that tests could not be run."""


class Mutant(Struct, frozen=True):
    """A patch, what it breaks, and the tests that are expected to notice."""

    path: Path
    meaning: str
    tests: list[str]

    @property
    def name(self) -> str:
        """As on the command line."""
        return self.path.stem

    @property
    def breaks_sql(self) -> bool:
        """Whether the schema or a function of the database is another with it."""
        return "/sql/" in self.path.read_text()


def main(
    only: Annotated[list[str] | None, typer.Option(help="A mutant's name; may be given again.")] = None,
) -> None:
    """Break Boxoffice on purpose, once for each patch, and see the suite fail."""
    mutants = [m for m in map(_read, sorted(FOLDER.glob("*.patch"))) if not only or m.name in only]
    if not mutants:
        OUT.print("there is no such mutant")
        sys.exit(2)
    with tempfile.TemporaryDirectory(prefix="boxoffice-mutants-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        _check_the_tests_pass(Path(folder), sorted({test for mutant in mutants for test in mutant.tests}))
        killed = sum([_is_killed(mutant, Path(folder)) for mutant in mutants])
    OUT.print(f"mutants killed: {killed}/{len(mutants)}")
    sys.exit(0 if killed == len(mutants) else 1)


def _read(path: Path) -> Mutant:
    """The lines before the patch proper say what it breaks, and which tests notice."""
    head = path.read_text().partition("diff --git")[0]
    said = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
    return Mutant(path, said["Breaks"], said["Noticed by"].split())


def _check_the_tests_pass(folder: Path, tests: list[str]) -> None:
    """A test that fails anyway would kill everything."""
    if failure := _first_failure(_copy(folder / "sound"), *IN_PARALLEL, *ALL_OF_THEM, *SANE, *tests):
        OUT.print(f"{failure} fails without any mutant; mend that first")
        sys.exit(2)


def _is_killed(mutant: Mutant, folder: Path) -> bool:
    started = time.monotonic()
    verdict = _verdict(mutant, _copy(folder / mutant.name))
    OUT.print(f"{mutant.name}: {mutant.meaning}\n    {verdict} ({time.monotonic() - started:.0f} s)")
    return verdict.startswith("killed")


def _verdict(mutant: Mutant, copy: Path) -> str:
    applied = subprocess.run(
        ["git", "apply", str(mutant.path)],  # noqa: S607 - whichever git is there
        cwd=copy,
        env=os.environ | {"GIT_CEILING_DIRECTORIES": str(copy.parent)},  # the copy is no repository
        check=False,
    )
    if applied.returncode:
        return "DOES NOT APPLY"
    if mutant.breaks_sql:
        _record_again(copy)
    failure = _first_failure(copy, *ALL_OF_THEM, *SANE, *mutant.tests)
    if failure in SANE:
        return f"BREAKS TOO MUCH: {failure}"
    if failure:
        return f"killed by {failure}"
    failure = _first_failure(copy, *IN_PARALLEL)
    return f"killed, not where expected, by {failure}" if failure else "SURVIVED"


def _record_again(copy: Path) -> None:
    """Lets the copy's record of the schema be the mutant's. Otherwise ``verify`` would notice each changed
    function, and a mutant that no other test notices would count as killed.
    """
    command = [sys.executable, "-m", "tests.support.proof.catalogue"]
    with suppress(subprocess.TimeoutExpired):
        subprocess.run(
            command, cwd=copy, env=_environment(copy), capture_output=True, timeout=HANG_S, check=False
        )


def _environment(copy: Path) -> dict[str, str]:
    """Lets the processes of a copy use the copy's program."""
    return os.environ | {"PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1"}


def _copy(folder: Path) -> Path:
    """A copy of what belongs to the project, new files too; caches and environments stay behind."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - whichever git is there
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def _first_failure(copy: Path, *arguments: str) -> str | None:
    """The first test that fails in the copy, which uses the copy's program; None if all pass."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-o",
        f"faulthandler_timeout={HANG_S}",
        *arguments,
    ]
    try:
        done = subprocess.run(
            command,
            cwd=copy,
            env=_environment(copy),
            capture_output=True,
            text=True,
            timeout=RUN_MAX_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"a run that did not end within {RUN_MAX_S:g} s"
    if "Timeout (" in done.stderr:  # faulthandler_timeout
        return "a test that hung"
    failed = re.findall(r"^(?:FAILED|ERROR) (.*?)(?: - .*)?$", done.stdout, re.MULTILINE)
    if done.returncode in FAILED and failed:
        return str(failed[0])
    if done.returncode != PASSED:
        OUT.print(done.stdout + done.stderr)
        raise RuntimeError(f"pytest could not run the tests in {copy}")
    return None


if __name__ == "__main__":
    typer.run(main)
