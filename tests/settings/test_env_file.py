"""Files of settings are read as systemd reads an EnvironmentFile, and refused where it would be silent."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from boxoffice.settings.env_file import read_env_file
from boxoffice.settings.texts import SettingsError


def read(folder: Path, text: str) -> dict[str, str]:
    file = folder / "settings.env"
    file.write_bytes(text.encode())
    return read_env_file(file)


SAME_AS_SYSTEMD = [
    ("", {}),
    ("\n# a\n ; b\n\tA=1", {"A": "1"}),
    ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
    ("A= b  c \t\n", {"A": "b  c"}),
    (" A = b\n", {"A": "b"}),
    ("A=\nB=''\nC=\"\"\n", {"A": "", "B": "", "C": ""}),
    ("A=b#c # d\n", {"A": "b#c # d"}),
    ('A=it\'s "so"\n', {"A": 'it\'s "so"'}),
    ("A=$HOME ${X} `ls`\n", {"A": "$HOME ${X} `ls`"}),
    ("A=b\\\nc\n", {"A": "bc"}),
    ("A=\\'b\\\\\n", {"A": "'b\\"}),
    ("A=b\\ \n", {"A": "b "}),
    ("A='b\\n$c \"d\"'\n", {"A": 'b\\n$c "d"'}),
    ("A='-----BEGIN-----\nx\n-----END-----'\nB=1\n", {"A": "-----BEGIN-----\nx\n-----END-----", "B": "1"}),
    ('A="b\\"c\\\\d\\$e\\`f\\ng"\n', {"A": 'b"c\\d$e`f\\ng'}),
    ('A="b\\\nc\nd"  \n', {"A": "bc\nd"}),
    ("A=ä='é'\n", {"A": "ä='é'"}),
    ("A=1=2\n", {"A": "1=2"}),
]


@pytest.mark.parametrize(("text", "found"), SAME_AS_SYSTEMD)
def test_a_file_is_read_by_the_rules_of_systemd(tmp_path: Path, text: str, found: dict[str, str]) -> None:
    assert read(tmp_path, text) == found


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeffA=1\n") == {"A": "1"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("A=1\nDATABASE_URL postgresql://geheim\n", 2),
        ("\n\nexport A=geheim\n", 3),
        ("A-B=geheim\n", 1),
        ("1A=geheim\n", 1),
        ("=geheim\n", 1),
        ("A='geheim\nB=1\n", 1),
        ('A="geheim\n', 1),
        ("A='geheim' # note\n", 1),
        ("A='ge'heim\n", 1),
        ("A=\"a\"'geheim'\n", 1),
        ("A='x\ny'\nA=geheim\n", 3),
        ("A=ge\0heim\n", 1),
    ],
)
def test_a_line_that_would_be_lost_is_refused_by_its_number_and_not_quoted(
    tmp_path: Path, text: str, line: int
) -> None:
    with pytest.raises(SettingsError, match=rf"settings\.env, line {line}: ") as caught:
        read(tmp_path, text)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(("made", "told"), [("missing", "No such file"), ("folder", "Is a directory")])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, made: str, told: str) -> None:
    if made == "folder":
        (tmp_path / "settings.env").mkdir()
    with pytest.raises(SettingsError, match=f"settings.env cannot be read: {told}"):
        read_env_file(tmp_path / "settings.env")


def test_the_examples_of_the_documents_are_true(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/settings.md").read_text()
    examples = re.findall(r"^\| `(NAME=.*?)` \| `(.*?)`: ", page, re.M)

    assert [read(tmp_path, line + "\n") for line, _ in examples] == [{"NAME": value} for _, value in examples]
    assert len(examples) == 3


def test_a_shell_reads_the_quoted_file_of_the_documents_the_same(tmp_path: Path) -> None:
    """Whoever sources the file gets the same, if the values stand in single quotes."""
    file = tmp_path / "settings.env"
    file.write_text("A='b $c \"d\" \\\\ #e'\nB='two\nlines'\n")
    code = 'import os; print(repr((os.environ["A"], os.environ["B"])))'
    call = shlex.join([sys.executable, "-c", code])

    sourced = subprocess.run(
        ["/bin/sh", "-c", f"set -a; . {shlex.quote(str(file))}; {call}"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert sourced.stdout.strip() == repr(tuple(read_env_file(file).values()))
