"""The policies as a whole: what no role may ever get, and that the document lists them."""

from pathlib import Path

import pytest

from boxoffice.access.callers import NOBODY, OPEN, Caller, Role
from boxoffice.access.policies import Policy
from tests.support.http.policies import declared, effective

ROOT = Path(__file__).parents[2]
POLICIES = declared()
HARMLESS = {
    "listShows",
    "listShowsByType",
    "getShow",
    "getAvailableSeats",
    "getSeatStates",
    "watchShow",
    "watchShows",
    "listWebhookKeys",
    "getHealth",
}


def test_nobody_known_gets_the_catalogue_and_nothing_else() -> None:
    opened = {name for name, policy in POLICIES.items() if policy.grants(NOBODY) != "no"}
    assert {name for name in opened if not name.startswith("/")} == HARMLESS


def test_the_admin_may_everything_and_the_operator_no_more_than_the_admin() -> None:
    admin, operator = Caller("a", Role.ADMIN), Caller("o", Role.OPERATOR)
    for policy in POLICIES.values():
        assert policy.grants(admin) == policy.grants(OPEN) == "any"
        assert policy.grants(operator) in ("any", "no") or policy in (
            POLICIES["eraseUser"],
            POLICIES["exportUser"],
        )


def test_a_customer_may_only_what_is_open_or_their_own() -> None:
    customer = Caller("c", Role.CUSTOMER, user_id=1)
    for customers_confirm in (False, True):
        for policy in effective(customers_confirm=customers_confirm).values():
            assert policy.grants(customer) != "any" or policy.open
            assert Role.CUSTOMER not in policy.may


def test_whether_customers_confirm_is_a_setting_and_changes_nothing_else() -> None:
    customer = Caller("c", Role.CUSTOMER, user_id=1)
    without, with_it = effective(customers_confirm=False), effective(customers_confirm=True)
    assert without["confirmBooking"].grants(customer) == "no"
    assert with_it["confirmBooking"].grants(customer) == "own"
    assert {name for name in without if without[name] != with_it[name]} == {"confirmBooking"}


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_what_changes_something_is_counted_as_a_write_and_not_open(name: str) -> None:
    policy = POLICIES[name]
    reads = name.startswith(("/", "get", "list", "export", "watch"))
    assert (policy.rate == "writes") is not reads
    assert not (policy.rate == "writes" and policy.open)


def test_the_document_has_the_table_of_the_code() -> None:
    text = (ROOT / "docs" / "security.md").read_text()
    told = [line for line in text.splitlines() if line.startswith("| `")]
    expected = [row(name, policy) for name, policy in POLICIES.items()]
    assert [line for line in expected if line not in told] == []
    assert len([line for line in told if line in expected]) == len(expected)


def row(name: str, policy: Policy) -> str:
    """A row of the table: the operation, the roles that may, what a key for some shows may, the rate."""
    who = ["customer (own, by setting)"] if policy.own_by_setting else []
    who += [role.value if role in policy.may else f"{role.value} (own)" for role in Role if may(policy, role)]
    narrowed = {"shows": "its shows", "any": "yes", "no": "no"}[policy.narrowed]
    cells = f"`{name}`", "everybody" if policy.open else ", ".join(who), narrowed, policy.rate or ""
    return "| " + " | ".join(cells) + " |"


def may(policy: Policy, role: Role) -> bool:
    """Whether the role may use the operation: for any user, only for themselves, or not."""
    return role in policy.may or role in policy.own
