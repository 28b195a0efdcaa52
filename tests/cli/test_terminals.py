"""What the commands print, on any terminal and into any pipe: all of it, and never a traceback."""

import json
import shlex
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import IO

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from rich.console import Console

from boxoffice.cli import output
from boxoffice.cli.output import print_table
from tests.support.process.program import Program

NAME = "M\u00fcller \u4e16\u754c"

TERMINALS = {
    "of the locale C": {"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "of ASCII alone": {"PYTHONIOENCODING": "ascii"},
    "without colours": {"NO_COLOR": "1", "TERM": "dumb"},
    "with colours": {"FORCE_COLOR": "1"},
    "with few columns": {"COLUMNS": "20"},
    "with few columns that is a terminal": {"COLUMNS": "20", "TTY_COMPATIBLE": "1"},
}


def lines_of(capsys: pytest.CaptureFixture[str], width: int, *, terminal: bool) -> list[str]:
    """A small table as it is printed there."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(output, "out", Console(width=width, force_terminal=terminal))
        print_table(("id", "name"), [("0123456789abcdef", "\u4e16\u754c"), ("1", "a\x1b[31m\u202e")])
    return capsys.readouterr().out.splitlines()


def test_each_row_is_one_line_of_columns(capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["id                name", "0123456789abcdef  \u4e16\u754c", r"1                 a\x1b[31m\u202e"]
    assert lines_of(capsys, 10, terminal=False) == lines
    assert lines_of(capsys, 80, terminal=True) == lines


def test_on_a_narrow_terminal_each_cell_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines_of(capsys, 20, terminal=True) == [
        "id: 0123456789abcdef",
        "name: \u4e16\u754c",
        "",
        "id: 1",
        r"name: a\x1b[31m\u202e",
    ]


def test_what_a_stream_cannot_write_is_told_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in ("stdout", "stderr"):
        monkeypatch.setattr(sys, stream, TextIOWrapper(BytesIO(), "ascii"))
    output.take_any_terminal()
    output.say(NAME)
    sys.stdout.flush()
    assert isinstance(sys.stdout.buffer, BytesIO)
    assert sys.stdout.buffer.getvalue() == b"M\\xfcller \\u4e16\\u754c\n"


@pytest.mark.parametrize("terminal", TERMINALS.values(), ids=TERMINALS)
def test_ids_are_whole_and_no_text_is_too_much(
    program: Program, database: str, terminal: dict[str, str]
) -> None:
    made = program.call("keys", "create", NAME, "--role", "service", DATABASE_URL=database)
    key_id = made.stdout.split()[1]
    listed = program.run("keys", "list", DATABASE_URL=database, **terminal)
    assert (listed.returncode, "Traceback" in listed.stderr) == (0, False)
    assert key_id in listed.stdout
    assert program.call("keys", "revoke", key_id, DATABASE_URL=database).returncode == 0


def test_lists_and_findings_are_told_to_programs_as_json(program: Program, database: str) -> None:
    settings = {"DATABASE_URL": database}
    program.call("keys", "create", NAME, "--role", "service", "--show", "3", **settings)
    [key] = json.loads(program.call("keys", "list", "--json", **settings).stdout)
    assert (key["name"], key["role"], key["show_ids"], key["state"]) == (NAME, "service", [3], "valid")
    checks = json.loads(program.call("doctor", "--json", **settings).stdout)
    assert {"check", "level", "seen", "advice"} == set(checks[0])
    report = json.loads(program.call("verify", "--json", **settings).stdout)
    assert report["holds"]
    assert report["looked_at"]["shows"] == 0
    assert {"name", "meaning", "violations", "violation_count", "seconds"} == set(report["checks"][0])


@pytest.mark.parametrize("command", [["openapi"], ["--help"], ["--version"], ["serve", "--help"]])
def test_a_reader_that_goes_away_ends_a_command_quietly(program: Program, command: list[str]) -> None:
    with subprocess.Popen(
        [program.python, *program.launch, *command],
        env=program.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


@pytest.mark.parametrize("command", [["openapi"], ["--version"], ["keys", "list"], ["verify", "--json"]])
def test_a_full_disk_is_told_as_such(program: Program, database: str, command: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        ended = _written_to(full, program, command, database)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == "boxoffice: the output cannot be written: its disk is full"
    assert ended.stderr.count("cannot") == 1


@pytest.mark.parametrize("closed", [">&-", "2>&-"])
def test_a_stream_that_is_closed_takes_nothing_from_the_result(
    program: Program, database: str, closed: str
) -> None:
    command = shlex.join([str(program.python), *program.launch, "verify"])
    ended = subprocess.run(
        ["/bin/sh", "-c", f"{command} {closed}"],
        env=program.environment | {"DATABASE_URL": database},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False)


def _written_to(
    output: IO[str], program: Program, command: list[str], database: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program.python, *program.launch, *command],
        env=program.environment | {"DATABASE_URL": database},
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )


def test_migrate_says_what_it_did_or_that_nothing_is_to_do(program: Program, database: str) -> None:
    assert program.call("migrate", DATABASE_URL=database).stdout == "the schema is up to date\n"


def test_the_version_is_told(program: Program) -> None:
    assert program.call("--version").stdout == "boxoffice 0.1.0\n"


def test_verify_tells_what_it_looked_at_and_keeps_anchors(program: Program, database: str) -> None:
    folder, settings = program.environment["DATA_DIR"], {"DATABASE_URL": database}
    key, file = f"{folder}/anchor.pem", f"{folder}/anchors.jsonl"
    program.call("demo", **settings)
    made = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    Path(key).write_bytes(made)
    first = program.call("verify", "--anchor", file, "--key", key, **settings)
    assert first.stdout.splitlines()[-1] == f"anchored 10 shows in {file}", first.stderr
    again = program.call("verify", "--against", file, "--key", key, **settings)
    assert again.returncode == 0
    said = again.stdout.splitlines()[-1]
    assert said.startswith("looked at 10 shows, ")
    assert said.endswith(" constraints, 10 anchors: all holds")
    assert program.call("verify", "--anchor", file, **settings).returncode == 2


def test_a_file_without_anchors_is_nothing_to_compare_with(program: Program, database: str) -> None:
    folder, settings = Path(program.environment["DATA_DIR"]), {"DATABASE_URL": database}
    made = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    folder.mkdir(parents=True, exist_ok=True)
    key, file = folder / "lonely.pem", folder / "lonely.jsonl"
    key.write_bytes(made)
    comparing = ("verify", "--against", str(file), "--key", str(key))
    missing = program.call(*comparing, **settings)
    file.touch()
    empty = program.call(*comparing, **settings)
    assert (missing.returncode, empty.returncode) == (1, 1)
    assert "nothing to compare with" in missing.stderr
    assert "nothing to compare with" in empty.stderr
    program.call("verify", "--anchor", str(file), "--key", str(key), **settings)
    assert program.call(*comparing, **settings).returncode == 0  # a run without a show is one, too
