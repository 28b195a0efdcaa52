"""Users over HTTP."""

from tests.support.http.api import Api, data_of, problem_of


async def test_a_user_is_created_and_found_by_id(api: Api) -> None:
    response = await api.http.post("/api/users", json={"name": " John Doe ", "email": "john@example.com"})
    user = data_of(response, 201)
    assert (user["name"], user["email"]) == ("John Doe", "john@example.com")
    assert data_of(await api.http.get(response.headers["location"])) == user


async def test_the_same_address_in_other_letters_is_the_same_user(api: Api) -> None:
    user = await api.user("john@example.com")
    again = await api.http.post("/api/users", json={"name": "Somebody", "email": "John@Example.COM"})
    assert data_of(again, 200) == user


async def test_one_domain_in_any_form_of_it_is_one_address(api: Api) -> None:
    user = await api.user("info@M\u00fcller.de")
    assert user["email"] == "info@m\u00fcller.de"
    for same in ("info@mu\u0308ller.de", "INFO@m\u00dcller.de", "info@xn--mller-kva.de"):
        again = await api.http.post("/api/users", json={"name": "Somebody", "email": same})
        assert data_of(again, 200) == user


async def test_a_name_is_kept_in_one_form_of_unicode(api: Api) -> None:
    given = {"name": "Ade\u0301le", "email": "adele@example.com"}
    user = data_of(await api.http.post("/api/users", json=given), 201)
    assert user["name"] == "Ad\u00e9le"
    changed = data_of(await api.http.put(f"/api/users/{user['id']}", json={"name": "Zoe\u0308 "}))
    assert changed["name"] == "Zo\u00eb"


async def test_an_update_changes_only_what_is_given(api: Api) -> None:
    user = await api.user()
    changed = data_of(await api.http.put(f"/api/users/{user['id']}", json={"name": "Jane Doe"}))
    assert (changed["name"], changed["email"]) == ("Jane Doe", user["email"])
    changed = data_of(await api.http.put(f"/api/users/{user['id']}", json={"email": "jane@example.com"}))
    assert (changed["name"], changed["email"]) == ("Jane Doe", "jane@example.com")


async def test_an_address_of_another_user_is_refused(api: Api) -> None:
    await api.user("john@example.com")
    jane = await api.user("jane@example.com")
    response = await api.http.put(f"/api/users/{jane['id']}", json={"email": "JOHN@example.com"})
    problem_of(response, 409, "email_taken")
