"""Only a verified address finds a user for a login; an unverified one neither hands over nor locks out."""

import asyncio
from typing import Any

import pytest

from boxoffice.vocabulary.commands import CreateUser, EraseUser, UpdateUser
from boxoffice.vocabulary.outcomes import Refused, UserDone
from tests.support.engine.box import ACTOR, Box, done, open_box, refused
from tests.support.engine.databases import Connection
from tests.support.engine.races import wait_until_blocked

EVE = "eve@example.com"


async def write_down(box: Box, email: str, *, vouched: bool = False) -> UserDone:
    """A shop, or staff who vouches for the address, registers somebody."""
    return done(await box.do(CreateUser(actor=ACTOR, name="X", email=email, email_verified=vouched)))


def login(subject: str, email: str) -> CreateUser:
    """The first call of a person, whose address the provider has verified."""
    return CreateUser(actor="login", name="X", email=email, issuer="one", subject=subject)


async def move(box: Box, user_id: int, *, vouched: bool = False, **changes: Any) -> UserDone | Refused:
    return await box.do(UpdateUser(actor=ACTOR, user_id=user_id, email_verified=vouched, **changes))


async def verified(connection: Connection, user_id: int) -> bool:
    return bool(await connection.fetchval("SELECT email_verified FROM users WHERE user_id = $1", user_id))


async def test_an_address_that_a_shop_wrote_down_is_not_handed_over(box: Box) -> None:
    guest = (await write_down(box, EVE)).user.id
    eve = done(await box.do(login("eve", EVE)))
    assert (eve.created, eve.user.id == guest) == (True, False)
    assert done(await box.do(login("eve", EVE))).user.id == eve.user.id
    assert (await write_down(box, "EVE@example.com")).user.id == eve.user.id


async def test_an_edit_of_an_address_does_not_keep_its_owner_out(box: Box) -> None:
    jane = done(await box.do(login("jane", "jane@example.com"))).user.id
    for vouched in (False, True):  # for a person with a login the provider alone verifies
        done(await move(box, jane, email=EVE, vouched=vouched))
        eve = done(await box.do(login(f"eve {vouched}", EVE)))
        assert (eve.created, eve.user.id == jane) == (True, False)
        assert done(await box.do(login("jane", "jane@example.com"))).user.id == jane
        done(await box.do(EraseUser(actor="admin", user_id=eve.user.id)))


async def test_an_edit_of_an_address_does_not_hand_a_profile_over(box: Box, connection: Connection) -> None:
    known = (await write_down(box, "jane@example.com", vouched=True)).user.id
    done(await move(box, known, email=EVE))
    assert not await verified(connection, known)
    assert done(await box.do(login("eve", EVE))).user.id != known
    jane = done(await box.do(login("jane", "jane@example.com")))
    assert (jane.created, jane.user.id == known) == (True, False)


async def test_staff_vouches_for_an_address_and_its_owner_finds_the_user(
    box: Box, connection: Connection
) -> None:
    known = (await write_down(box, EVE)).user.id
    assert (await write_down(box, EVE, vouched=True)).user.id == known
    assert not await verified(connection, known)  # who finds a user changes nothing
    done(await move(box, known, email=EVE, vouched=True))
    assert await verified(connection, known)
    done(await move(box, known, name="Eve"))
    done(await move(box, known, email="EVE@example.com"))
    assert await verified(connection, known)
    assert done(await box.do(login("eve", EVE))).user.id == known


async def test_an_address_that_another_user_has_is_taken_verified_or_not(box: Box) -> None:
    guest = (await write_down(box, EVE)).user.id
    eve = done(await box.do(login("eve", EVE))).user.id
    jane = (await write_down(box, "jane@example.com")).user.id
    for vouched in (False, True):
        assert await move(box, jane, email=EVE, vouched=vouched) == refused("email_taken")
    assert await move(box, guest, email=EVE, vouched=True) == refused("email_taken")
    done(await move(box, guest, email=EVE))  # as it was
    assert done(await move(box, eve, name="Eve", email="Eve@example.com")).user.name == "Eve"


async def test_a_second_login_of_the_provider_is_refused_a_user_who_has_one(box: Box) -> None:
    done(await box.do(login("eve", EVE)))
    assert await box.do(login("mallory", EVE)) == refused("subject_taken")


async def test_the_address_of_an_erased_user_is_no_longer_verified(box: Box, connection: Connection) -> None:
    eve = done(await box.do(login("eve", EVE))).user.id
    done(await box.do(EraseUser(actor="admin", user_id=eve)))
    assert not await verified(connection, eve)
    again = done(await box.do(login("eve", EVE)))
    assert (again.created, again.user.id == eve) == (True, False)


@pytest.mark.both_isolations
async def test_a_login_and_an_edit_at_the_same_time_leave_each_its_user(
    box: Box, isolation: str, connection: Connection, admin: Connection
) -> None:
    """The edit is written and not committed when the owner of the address comes."""
    guest = (await write_down(box, "guest@example.com", vouched=True)).user.id
    async with open_box(box.dsn, isolation) as other:
        async with connection.transaction():
            await connection.execute("SELECT FROM users WHERE user_id = $1 FOR UPDATE", guest)
            editing = asyncio.create_task(move(box, guest, email=EVE))
            await wait_until_blocked(admin, application_name="boxoffice")
            eve = done(await other.do(login("eve", EVE)))
        edited = await editing
    assert eve.user.id != guest
    assert edited == refused("email_taken") or done(edited).user.email == EVE
    assert done(await box.do(login("eve", EVE))).user.id == eve.user.id


@pytest.mark.both_isolations
async def test_rivals_with_one_address_make_one_verified_user_and_one_other_at_most(
    box: Box, isolation: str, connection: Connection
) -> None:
    async with open_box(box.dsn, isolation, pool_max=8) as other:
        commands = [login("eve", EVE), CreateUser(actor=ACTOR, name="X", email=EVE)]
        outcomes = await asyncio.gather(*((box, other)[no % 2].do(commands[no // 2 % 2]) for no in range(24)))
    assert sum(done(outcome).created for outcome in outcomes) <= 2
    flags = await connection.fetch("SELECT email_verified FROM users WHERE email = $1", EVE)
    assert [row["email_verified"] for row in flags].count(True) == 1
    assert len(flags) <= 2
