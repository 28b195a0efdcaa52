"""What requests cost: known from the query alone, and never less than what is asked for."""

import pytest

from boxoffice.serve.app import create_app
from boxoffice.vocabulary import limits
from boxoffice.web.http.costs import PAGE, PLAIN, SEATS, WHOLE, Cost
from boxoffice.web.http.operation import Operation, operations_of
from tests.support.settings import settings_of

OPERATIONS: dict[str, Operation] = {
    operation.id: operation for _, operation in operations_of(create_app(settings_of()))
}
MOST = PAGE.of(b"")


@pytest.mark.parametrize(
    ("query", "cost"),
    [
        (b"", 11),
        (b"limit=1", 1),
        (b"limit=99&type=movie", 1),
        (b"type=movie&limit=100", 2),
        (b"limit=1000", 11),
        (b"limit=9999999", 11),
    ],
)
def test_a_page_costs_what_its_limit_asks_for(query: bytes, cost: int) -> None:
    assert PAGE.of(query) == cost


@pytest.mark.parametrize(
    "query",
    [
        b"%6cimit=1000&limit=1",
        b"limit=%31",
        b"limit=1&limit=1000",
        b"limit=",
        b"limit=x",
        b"xlimit=1",
        b"limit=-1",
    ],
)
def test_a_limit_that_is_written_unusually_costs_the_most(query: bytes) -> None:
    assert PAGE.of(query) == MOST


def test_the_table_of_costs_is_in_order() -> None:
    assert PLAIN.of(b"limit=1000") == 1
    assert SEATS.of(b"limit=%d" % limits.SEATS_LISTED_MAX) == SEATS.of(b"from=7") == 11
    assert WHOLE.of(b"") == 50
    assert Cost(unit=3, per=10, most=100).of(b"limit=25") == 5


def test_what_all_share_costs_a_unit_and_what_one_asks_for_alone_costs_its_size() -> None:
    seats = OPERATIONS["getAvailableSeats"]
    assert [seats.cost_of(query) for query in (b"", b"format=list", b"format=ranges")] == [1, 1, 1]
    assert (
        seats.cost_of(b"", alone=True)
        == seats.cost_of(b"consistent=true")
        == seats.cost_of(b"format=ranges&from=2")
        == 11
    )


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name.startswith(("list", "export"))])
def test_a_list_costs_more_than_a_row(name: str) -> None:
    assert OPERATIONS[name].cost_of(b"") > 1
