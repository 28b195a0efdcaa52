"""The wish for a ticket, and who is told that a ticket can be had."""

import pytest
from msgspec import Struct

from boxoffice.vocabulary.faults import Overloaded, Unavailable
from boxoffice.web.http.deferral import HINT, Wish, hinted
from boxoffice.web.http.raw_answers import RawAnswer


class Office(Struct):
    """A part that takes bookings for later, or does not."""

    accepts: bool

    async def book(self, command: object, wish: Wish) -> RawAnswer:
        """Is not asked here."""
        raise AssertionError((command, wish))


@pytest.mark.parametrize(
    ("office", "prefer", "hint"),
    [
        (Office(accepts=True), None, HINT),
        (Office(accepts=True), b"return=minimal", HINT),
        (Office(accepts=True), b"respond-async", None),
        (Office(accepts=True), b"wait=5, respond-async", None),
        (Office(accepts=False), None, None),
        (None, None, None),
    ],
)
def test_who_could_have_a_ticket_and_did_not_ask_is_told_so(
    office: Office | None, prefer: bytes | None, hint: str | None
) -> None:
    fault = Overloaded("full")
    assert hinted(office, prefer, fault) is fault
    assert fault.hint == hint


def test_other_faults_have_no_hint() -> None:
    fault = Unavailable("away")
    assert hinted(Office(accepts=True), None, fault) is fault
    assert not hasattr(fault, "hint")
