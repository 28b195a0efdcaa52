"""A domain is one line in the composition root: a made-up domain is served, guarded and described."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from litestar import Controller, get
from litestar.openapi.spec import Tag

from boxoffice.serve.app import create_app
from boxoffice.serve.operations import DOMAINS, Domain, describe, kinds_of
from boxoffice.vocabulary.outcomes import Refused
from boxoffice.web.http.kinds import Kind
from tests.support.bells.api import BellsController
from tests.support.bells.refusals import REFUSALS
from tests.support.http.api import Api, data_of, problem_of
from tests.support.http.callers import Callers, callers_of, closed
from tests.support.http.fixtures import app_without_database, client_of
from tests.support.settings import settings_of

BELLS = Domain((BellsController,), REFUSALS, (Tag("Bells", "What calls to the seats."),))
WITH_BELLS = (*DOMAINS, BELLS)
NAME = {"name": " Big Ben "}


@pytest.fixture
async def callers(database: str) -> AsyncIterator[Callers]:
    """An application with the made-up domain of bells, and authentication on."""
    async with callers_of(closed(database), WITH_BELLS) as callers:
        yield callers


class BrokenBell:
    """A stand-in for the engine, which refuses with the domain's code."""

    async def execute(self, _: object) -> Refused:
        """Refuses every command."""
        return Refused("bell_is_broken", {"times": 7})


async def test_a_command_of_a_domain_is_done_and_replayed_with_its_own_outcome(
    callers: Callers, house: Api
) -> None:
    show = await house.show()
    path = f"/api/shows/{show['id']}/bell"
    first, again = [
        await house.http.put(path, json=NAME, headers={"Idempotency-Key": "bell"}) for _ in range(2)
    ]
    assert data_of(first) == data_of(again) == {"name": "Big Ben"}
    assert ("idempotency-replayed" in first.headers, again.headers["idempotency-replayed"]) == (False, "true")
    problem_of(await house.http.put("/api/shows/4711/bell", json=NAME), 404, "show_not_found")


@pytest.mark.parametrize(
    ("who", "status"), [("nobody", 401), ("customer", 403), ("service", 403), ("operator", 200)]
)
async def test_the_gate_asks_the_policy_of_a_domain_s_operation(
    callers: Callers, house: Api, who: Any, status: int
) -> None:
    show = await house.show()
    async with callers.api(who) as api:
        assert (await api.http.put(f"/api/shows/{show['id']}/bell", json=NAME)).status_code == status


async def test_a_domain_s_refusal_is_told_in_its_own_words() -> None:
    app = app_without_database(settings_of(), engine=BrokenBell(), domains=WITH_BELLS)
    async with client_of(app) as http:
        problem = problem_of(await http.put("/api/shows/1/bell", json=NAME), 409, "bell_is_broken")
    assert (problem["title"], problem["detail"]) == ("The bell is broken", "It has rung 7 times.")
    assert problem["times"] == 7


def test_the_description_has_what_the_domain_brings() -> None:
    document, before = describe(WITH_BELLS), describe()
    operation = document["paths"]["/api/shows/{show_id}/bell"]["put"]
    assert (operation["operationId"], operation["tags"]) == ("nameBell", ["Bells"])
    assert {"200", "400", "401", "403", "404", "409", "422", "429", "503"} <= set(operation["responses"])
    examples = operation["responses"]["409"]["content"]["application/problem+json"]["examples"]
    assert list(examples) == ["bell_is_broken"]
    assert (
        document["components"]["examples"]["bell_is_broken"]["value"]["detail"] == "It has rung 1000 times."
    )
    assert {"Bell", "BellAnswer", "NewName"} == set(document["components"]["schemas"]) - set(
        before["components"]["schemas"]
    )
    assert document["tags"][-1] == {"name": "Bells", "description": "What calls to the seats."}


def test_one_code_cannot_have_two_meanings() -> None:
    twice = Domain((), {"seats_taken": Kind(409, "Taken", "By us.")}, ())
    with pytest.raises(ValueError, match="seats_taken"):
        kinds_of((*DOMAINS, twice))


def test_an_operation_without_a_policy_stops_the_start() -> None:
    class Careless(Controller):
        @get("/api/secrets", sync_to_thread=False)
        def get_secrets(self) -> str:
            return "secret"

    with pytest.raises(ValueError, match="/api/secrets has no policy"):
        create_app(settings_of(), (*DOMAINS, Domain((Careless,), {}, ())))
