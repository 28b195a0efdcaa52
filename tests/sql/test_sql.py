"""The SQL files: each defines one thing, has its name, is used, and keeps the bounds of ``limits``."""

import re
from pathlib import Path

import pytest

import boxoffice
from boxoffice.serve.operations import DOMAINS, LIVE, WEBHOOKS
from boxoffice.sql import query, scripts
from boxoffice.vocabulary import limits
from boxoffice.webhooks import limits as hooks

SOURCES = Path(boxoffice.__file__).parent
FUNCTIONS = scripts("functions")
QUERIES = scripts("queries")
CHECKS = scripts("checks")
SCHEMA = scripts("migrations")["0001_schema"]
EVERYTHING = {
    f"{folder}/{name}": text
    for folder in ("migrations", "functions", "queries", "checks")
    for name, text in scripts(folder).items()
}

BOUNDS = {
    "users_name_length": limits.NAME_CHARS_MAX,
    "users_email_length": limits.EMAIL_CHARS_MAX,
    "shows_id_leaves_room_for_bookings": limits.SHOW_ID_MAX,
    "shows_name_length": limits.NAME_CHARS_MAX,
    "inventory_total": limits.SEATS_PER_SHOW_MAX,
    "inventory_booking_numbers": 2**limits.BOOKING_NUMBER_BITS - 1,
    "chunk_length": limits.CHUNK_PLACES,
    "booking_size": limits.SEATS_PER_BOOKING_MAX,
    "booking_reason_length": limits.REASON_CHARS_MAX,
    "booking_reference_length": limits.REFERENCE_CHARS_MAX,
    "shows_reference_length": limits.REFERENCE_CHARS_MAX,
    "block_reason_length": limits.REASON_CHARS_MAX,
}

FIRST_ID_OF_A_DATABASE = 16_384
"""Objects with smaller ids came with PostgreSQL."""

AT_MOST = {
    "update_show": limits.SEATS_TOLD_MAX,
    "erase_refusal": limits.SALES_COUNTED_MAX,
    "delete_show": limits.OWNED_PLACES_COUNTED_MAX,
    "expire_holds": limits.HOLDS_ENDED_MAX,
}
"""How much a function counts, tells or ends at most, with its name."""


def code_of(text: str) -> str:
    """The SQL without its comments."""
    return re.sub(r"--.*", "", text)


@pytest.mark.parametrize(("constraint", "bound"), BOUNDS.items())
def test_a_bound_in_the_schema_is_the_one_in_limits(constraint: str, bound: int) -> None:
    check = re.search(rf"CONSTRAINT {constraint}\s+CHECK \((.+)\)", SCHEMA)
    assert check is not None
    assert int(re.findall(r"\d+", check[1])[-1]) == bound


def test_the_search_for_scattered_seats_has_the_budget_in_limits() -> None:
    assert re.findall(r"IN 1 \.\. (\d+) LOOP", FUNCTIONS["scattered_places"]) == [str(limits.RUN_LENGTHS_MAX)]


@pytest.mark.parametrize(("function", "bound"), AT_MOST.items())
def test_what_a_function_does_at_once_is_bounded_as_in_limits(function: str, bound: int) -> None:
    assert set(re.findall(r"LIMIT (\d+)", code_of(FUNCTIONS[function]))) == {str(bound)}


def test_every_large_number_in_the_sql_is_one_of_limits() -> None:
    years = {limits.YEAR_MIN, limits.YEAR_MAX + 1}
    told = {hooks.URL_CHARS_MAX, hooks.EXCERPT_CHARS_MAX}
    known = {*BOUNDS.values(), *AT_MOST.values(), *years, *told, FIRST_ID_OF_A_DATABASE}
    for name, text in EVERYTHING.items():
        numbers = {int(number) for number in re.findall(r"\b\d{3,}\b", code_of(text))}
        assert numbers <= known, name


def test_booking_ids_are_shifted_by_the_bits_of_their_number() -> None:
    shifts = {int(bits) for text in EVERYTHING.values() for bits in re.findall(r"(?:<<|>>) (\d+)", text)}
    assert shifts == {limits.BOOKING_NUMBER_BITS}


def test_the_largest_ids_stay_exact_in_javascript() -> None:
    assert (limits.SHOW_ID_MAX << limits.BOOKING_NUMBER_BITS | 2**24 - 1) == limits.ID_MAX == 2**53 - 1


def test_timeouts_nest() -> None:
    assert limits.MIGRATION_LOCK_TIMEOUT_MS < limits.LOCK_TIMEOUT_MS
    assert limits.LOCK_TIMEOUT_MS < limits.STATEMENT_TIMEOUT_MS < limits.ANSWER_TIMEOUT_S * 1000
    assert limits.STATEMENT_TIMEOUT_MS < limits.TRANSACTION_TIMEOUT_MS < limits.ANSWER_TIMEOUT_S * 1000
    assert limits.LOCK_TIMEOUT_MS < limits.READ_STATEMENT_TIMEOUT_MS < limits.READ_ANSWER_TIMEOUT_S * 1000
    assert limits.ANSWER_TIMEOUT_S < limits.WRITE_RETRY_BUDGET_S < limits.DRAIN_MAX_S < 30
    assert limits.BATCH_RECORDS_KEPT_S > 10 * limits.WRITE_RETRY_BUDGET_S


def test_a_function_file_defines_the_function_of_its_name_and_says_what_it_does() -> None:
    for name, text in FUNCTIONS.items():
        assert re.findall(r"CREATE (?:OR REPLACE )?\w+ (\w+)\s*\(", text) == [name]
        assert re.match(rf"-- {name}\([^)]*\): ", text), name


def test_every_function_is_called() -> None:
    for name in FUNCTIONS:
        others = [text for other, text in EVERYTHING.items() if other != f"functions/{name}"]
        assert any(re.search(rf"\b{name}\(", code_of(text)) for text in others), name


def test_every_query_says_what_it_asks_and_is_used() -> None:
    sources = "".join(source.read_text() for source in SOURCES.rglob("*.py"))
    for name, text in QUERIES.items():
        assert query(name) == text
        assert re.match(r"-- [A-Z]", text), name
        assert f'"{name}"' in sources, name


def test_every_check_says_which_invariants_it_shows() -> None:
    for name, text in CHECKS.items():
        assert re.match(r"-- I\d(, I\d)*: ", text), name


def test_every_kind_of_event_that_is_written_has_its_row_and_every_row_is_written() -> None:
    rows = re.search(r"INSERT INTO event_kinds .*?;", SCHEMA, re.S)
    assert rows is not None
    known = set(re.findall(r"\('(\w+)',", rows[0]))
    code = "".join(code_of(text) for text in FUNCTIONS.values())
    written = set(re.findall(r"\b(?:event_of\(\s*[\w.]+, |append_event\([^;']*)'(\w+)'", code))

    assert written <= known
    assert known <= set(re.findall(r"'(\w+)'", code.lower()))  # an end's kind is its status


def test_the_sql_gives_every_refusal_and_no_other() -> None:
    code = "".join(code_of(text) for text in FUNCTIONS.values())
    told = set(
        re.findall(r"\brefuse\(\s*\w+(?:\.\w+)?, '(\w+)'|\bno_choice\(\s*'(\w+)'|\bcode := '(\w+)'", code)
    )
    told = {name for names in told for name in names if name}
    at_a_desk = {"feed_not_found", "feed_exists", "not_in_history", *WEBHOOKS.refusals, *LIVE.refusals}
    at_a_desk |= {"request_not_found", "request_decided", "request_withdrawn"}
    assert told - {"done"} == {code for domain in DOMAINS for code in domain.refusals} - at_a_desk
