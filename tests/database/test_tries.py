"""What is known of a write over its tries, and what its caller is told. No database, no time."""

import pytest
from asyncpg import exceptions as pg

from boxoffice.database.errors import CONFLICTS
from boxoffice.database.tries import StandbySilent, Tries, verdict
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.faults import Busy, OutcomeUnknown, Unavailable

CONFLICT = pg.SerializationError()
LOST = pg.ConnectionDoesNotExistError()
BROKEN = pg.InternalServerError()

WITHOUT_EFFECT = [
    (pg.LockNotAvailableError(), Busy),
    (pg.QueryCanceledError(), Busy),
    (StandbySilent("silent"), Unavailable),
    (pg.DiskFullError(), Unavailable),
    (BROKEN, pg.InternalServerError),
]


@pytest.mark.parametrize(("error", "told"), WITHOUT_EFFECT)
def test_what_had_no_effect_is_told_but_not_while_an_earlier_try_may_be_committed(
    error: Exception, told: type[Exception]
) -> None:
    assert type(verdict(error, maybe_committed=False)) is told
    assert verdict(error, maybe_committed=True) is None


@pytest.mark.parametrize("error", [LOST, TimeoutError(), OSError(), pg.ReadOnlySQLTransactionError()])
@pytest.mark.parametrize("maybe_committed", [False, True])
def test_a_lost_answer_ends_no_write(error: Exception, maybe_committed: bool) -> None:
    assert verdict(error, maybe_committed=maybe_committed) is None


@pytest.mark.parametrize(
    ("error", "sent", "maybe_committed"),
    [(LOST, True, True), (LOST, False, False), (CONFLICT, True, False)],
)
def test_only_a_lost_answer_to_what_was_sent_leaves_a_doubt(
    error: Exception, sent: bool, maybe_committed: bool
) -> None:
    tries = Tries(CONFLICTS)
    tries.begin()
    tries.sent = sent

    tries.pause_after(error)

    assert tries.maybe_committed is maybe_committed


def test_the_doubt_outlives_the_tries_that_follow() -> None:
    tries = Tries(CONFLICTS)
    tries.sent = True
    for error in (LOST, CONFLICT, pg.LockNotAvailableError(), OSError()):
        tries.pause_after(error)
        tries.begin()

    assert tries.maybe_committed
    assert not tries.sent


def test_an_error_of_a_rival_is_tried_again_if_the_write_says_so() -> None:
    again = pg.UniqueViolationError()

    assert Tries((*CONFLICTS, pg.UniqueViolationError)).pause_after(again) <= limits.CONFLICT_PAUSE_MAX_S
    with pytest.raises(pg.UniqueViolationError):
        Tries(CONFLICTS).pause_after(again)


@pytest.mark.parametrize(("sent", "told"), [(True, OutcomeUnknown), (False, Unavailable)])
def test_at_the_end_of_the_budget_a_doubt_is_told_as_a_doubt(
    sent: bool, told: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "WRITE_RETRY_BUDGET_S", -1.0)
    tries = Tries(CONFLICTS)
    tries.sent = sent

    with pytest.raises(told):
        tries.pause_after(LOST)


def test_the_pauses_grow_up_to_their_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda _least, most: most)
    tries = Tries(CONFLICTS)

    pauses = [tries.pause_after(OSError()) for _ in range(12)]

    assert pauses[:3] == [limits.RETRY_PAUSE_FIRST_S * 2**n for n in range(3)]
    assert pauses[-1] == limits.RETRY_PAUSE_MAX_S
