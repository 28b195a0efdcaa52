"""A rule that is broken fails, with the place; so does an exception that nothing needs."""

import pytest

from tests.house.rules import Breach, hold

BREACH = Breach("a/b.py:7", "a/b.py", "is wrong")


def test_a_breach_is_told_with_the_rule_and_the_place() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"Nothing is wrong.\s+a/b.py:7: is wrong"):
        hold("Nothing is wrong.", [BREACH])


@pytest.mark.parametrize("subject", ["a/b.py", "a/"])
def test_an_exception_is_a_file_or_a_folder(subject: str) -> None:
    hold("Nothing is wrong.", [BREACH], {subject: "a reason"})


@pytest.mark.parametrize("subject", ["a/b", "a", "c/"])
def test_an_exception_without_need_is_told(subject: str) -> None:
    with pytest.raises(pytest.fail.Exception, match=f"{subject}: listed as an exception without need"):
        hold("Nothing is wrong.", [], {subject: "a reason"})
