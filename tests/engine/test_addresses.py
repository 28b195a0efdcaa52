"""One e-mail address is one user: which addresses count as the same, and that an erased user is not found."""

import asyncio

import pytest

from boxoffice.vocabulary.commands import CreateUser, EraseUser, UpdateUser
from boxoffice.vocabulary.outcomes import Refused, UserDone
from tests.support.engine.box import ACTOR, Box, done, refused
from tests.support.engine.databases import Connection
from tests.support.engine.races import wait_until_blocked

KELVIN = "mi\N{KELVIN SIGN}e@example.com"
"""Looks like mike@example.com; its lower case is the same in Unicode, and not in ASCII."""

ERASE = """
    SELECT run_desk_command(jsonb_build_object(
        'command_no', 0, 'kind', 'erase_user', 'actor', 'admin', 'user_id', $1::bigint,
        'key_hash', '\\x' || repeat('07', 16), 'fingerprint', '\\x00'
    ))
"""
"""The statement that erases a user, for a transaction that the test controls."""


async def change_address(box: Box, user_id: int, email: str) -> UserDone | Refused:
    return await box.do(UpdateUser(actor=ACTOR, user_id=user_id, email=email))


async def test_letters_are_equal_in_ascii_alone(box: Box) -> None:
    mike = await box.user("mike@example.com")
    assert await box.user("MIKE@Example.COM") == mike
    other = await box.user(KELVIN)
    assert other != mike
    assert await change_address(box, other, "MIKE@example.com") == refused("email_taken")
    assert await change_address(box, mike, KELVIN) == refused("email_taken")
    assert done(await change_address(box, mike, "Mike@example.com")).user.id == mike


async def test_a_login_does_not_come_to_somebody_with_a_similar_address(box: Box) -> None:
    mike = await box.user("mike@example.com")
    login = CreateUser(actor=ACTOR, name="X", email=KELVIN, issuer="one", subject="x")
    assert done(await box.do(login)).user.id != mike


async def test_nobody_can_take_the_address_that_an_erased_user_gets(box: Box) -> None:
    jane = await box.user("jane@example.com")
    squatter = await box.user(f"erased-{jane}@erased.invalid")
    assert done(await box.do(EraseUser(actor="admin", user_id=jane))).user.name == "erased"
    assert await box.user(f"erased-{jane}@erased.invalid") == squatter
    done(await change_address(box, squatter, "john2@example.com"))
    assert done(await change_address(box, 1, f"erased-{jane}@erased.invalid")).user.id == 1
    assert await box.user(f"erased-{jane}@erased.invalid") == 1
    assert await box.violations() == {}


@pytest.mark.both_isolations
@pytest.mark.parametrize("subject", ["jane", None])
async def test_who_is_erased_meanwhile_is_not_found_again(
    box: Box, connection: Connection, admin: Connection, subject: str | None
) -> None:
    """The registration has found the user, and waits for the row that the erasure has locked."""
    jane = await box.user("jane@example.com", "Jane")
    command = CreateUser(
        actor=ACTOR, name="Jane", email="jane@example.com", issuer=subject and "one", subject=subject
    )
    async with connection.transaction():
        await connection.execute("SELECT FROM users WHERE user_id = $1 FOR UPDATE", jane)
        coming = asyncio.create_task(box.do(command))
        await wait_until_blocked(admin, application_name="boxoffice")
        await connection.execute(ERASE, jane)
    back = done(await coming)
    assert (back.created, back.user.name) == (True, "Jane")
    assert back.user.id != jane
    assert await connection.fetchval("SELECT count(*) FROM logins WHERE user_id = $1", jane) == 0
    linked = await connection.fetchval("SELECT array_agg(user_id) FROM logins")
    assert linked == (None if subject is None else [back.user.id])
