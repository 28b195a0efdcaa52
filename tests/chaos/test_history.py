"""A storm's history on disk: a loaded history equals the saved one, and can be judged again."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.history import describe, load, save
from tests.support.proof.pretended import Pretended
from tests.support.proof.stories import Story


def test_a_saved_history_is_loaded_as_it_was(tmp_path: Path) -> None:
    story = Pretended(random.Random(1), 2.0).live(200)
    story.unknown("book", 300, count=2, hold_s=0.5, key="k", user=3)
    story.count(301, 302, 5, 5, 0, 0, 0, seq=4)
    history = story.history()
    save(history, tmp_path / "storm-1.jsonl")
    assert load(tmp_path / "storm-1.jsonl") == history


@pytest.mark.parametrize("sound", [True, False])
def test_a_saved_history_is_judged_again(tmp_path: Path, sound: bool) -> None:
    story = Story()
    story.book(1, 2, 7, [1])
    if not sound:
        story.look(3, 4)
    save(story.history(), tmp_path / "storm-1.jsonl")
    command = [sys.executable, "-m", "tests.chaos.replay", str(tmp_path / "storm-1.jsonl")]
    judged = subprocess.run(command, capture_output=True, text=True, check=False)
    assert judged.returncode == (0 if sound else 1), judged.stderr
    assert ("show 1 seat 1: no order explains 'free' of #2 seats" in judged.stdout) is not sound


def test_an_operation_is_described_in_a_few_words() -> None:
    story = Story()
    assert describe(story.book(1, 2, 7, [4])) == "#1 book seats [4] (ok booking 7 CONFIRMED)"
    refused = story.refuse("book", 1, 2, "insufficient_seats", count=9)
    assert describe(refused) == "#2 book 9 seats (fail insufficient_seats)"
    assert describe(story.unknown("cancel", 1, booking=7)) == "#3 cancel booking 7 (info)"
