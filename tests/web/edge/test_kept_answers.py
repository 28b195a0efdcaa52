"""When a kept answer is loaded again, and which answers are kept."""

import pytest

from boxoffice.web.edge import kept_answers
from boxoffice.web.edge.kept_answers import (
    FRESH_LOADS_MAX,
    KEPT_S,
    KeptAnswers,
    Question,
    SharedAnswer,
    fresh_loads_of_next,
)


def question(path: str = "/api/shows/1", origin: bytes = b"") -> Question:
    return Question(path, b"", zipped=False, origin=origin)


def answer(status: int = 200, body: bytes = b"") -> SharedAnswer:
    """An answer that was loaded."""
    kept = SharedAnswer(0.0)
    kept.status, kept.body = status, body
    return kept


@pytest.mark.parametrize(
    ("stock", "age_s", "changed", "next_stock"),
    [
        (10.0, 0.1, False, None),  # nothing has changed, and the answer is young
        (10.0, 0.1, True, 9.0),  # an early load out of the stock
        (1.0, 0.0, True, 0.0),  # the last load of the stock
        (0.5, 0.1, True, None),  # the stock has not grown to one load yet
        (0.9, 0.1, True, 0.1),  # now the stock has
        (0.0, KEPT_S + 0.3, False, 1.0),  # too old: this load costs nothing of the stock
        (0.0, KEPT_S + 0.3, True, 1.0),
        (9.9, 60.0, False, FRESH_LOADS_MAX),  # a stock does not grow without end
    ],
)
def test_a_young_answer_is_loaded_anew_while_the_stock_lasts(
    stock: float, age_s: float, changed: bool, next_stock: float | None
) -> None:
    kept = SharedAnswer(100.0, stock)
    assert fresh_loads_of_next(kept, 100.0 + age_s, changed=changed) == (
        None if next_stock is None else pytest.approx(next_stock)
    )


@pytest.mark.parametrize(("status", "is_kept"), [(200, True), (404, False), (503, False), (0, False)])
def test_only_a_success_is_kept(status: int, is_kept: bool) -> None:
    kept, loaded = KeptAnswers(), answer(status)
    kept.put(question(), loaded)
    assert kept.get(question()) is loaded
    kept.settle(question(), loaded)
    assert kept.get(question()) is (loaded if is_kept else None)


def test_the_oldest_go_when_the_bytes_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_answers, "KEPT_BYTES_MAX", 3 * answer(body=b"12345").size)
    kept = KeptAnswers()
    questions = [question(f"/api/shows/{number}") for number in range(4)]
    for one in [*questions[:3], questions[0], questions[3]]:  # the first question was loaded again
        kept.settle(one, answer(body=b"12345"))
    assert [kept.get(one) is None for one in questions] == [False, True, False, False]


def test_an_origin_counts_in_the_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_answers, "KEPT_BYTES_MAX", 2 * answer().size)
    kept = KeptAnswers()
    kept.settle(question(origin=b"https://a.example"), answer())
    kept.settle(question(origin=b"https://b.example"), answer())
    assert kept.get(question(origin=b"https://a.example")) is None


def test_a_load_does_not_count_all_that_is_kept() -> None:
    """With 14,000 shows a sum over all would hold up the event loop for over a millisecond a load."""
    counted: list[int] = []

    class Counted(SharedAnswer):
        @property
        def size(self) -> int:
            counted.append(1)
            return super().size

    kept = KeptAnswers()
    for number in range(50):
        loaded = Counted(0.0)
        loaded.status = 200
        kept.settle(question(f"/api/shows/{number}"), loaded)
    assert len(counted) <= 100


def test_an_answer_that_is_loaded_again_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_answers, "KEPT_BYTES_MAX", 2 * answer().size)
    kept = KeptAnswers()
    for _ in range(5):
        kept.put(question("/api/shows/1"), answer(body=b"12"))
        kept.settle(question("/api/shows/1"), answer())
        kept.settle(question("/api/shows/2"), answer(404))
    kept.settle(question("/api/shows/3"), answer())
    assert kept.get(question("/api/shows/1")) is not None
