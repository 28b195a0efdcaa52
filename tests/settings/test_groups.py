"""What a group of settings gets for its declarations alone: here one that a domain might bring."""

from pathlib import Path
from typing import Annotated

import pytest
from msgspec import Meta

from boxoffice.serve.settings import ProgramSettings
from boxoffice.settings.group import Group, load_group, prefixed, settings_in
from boxoffice.settings.settings import Settings, groups_of, load_settings
from boxoffice.settings.table import SettingRow, settings_table
from boxoffice.settings.texts import HttpsUrl, PostgresUrl, Secret, SettingsError
from tests.house.pages import example, settings_page


class TillSettings(Group, frozen=True, kw_only=True, rename=prefixed("TILL_")):
    """How buyers pay."""

    window_seconds: Annotated[float, Meta(ge=30, le=3600), "Seconds that a buyer has to pay."] = 600.0
    provider_url: Annotated[HttpsUrl | None, "Where payments are made."] = None
    secret_key: Annotated[Secret | None, "The key at the provider."] = None
    ledger_url: Annotated[PostgresUrl | None, "The database of the ledger."] = None


class WithTill(Settings, frozen=True, kw_only=True):
    """The program's settings if there was a till."""

    till: TillSettings = TillSettings()


def test_a_group_of_a_domain_is_read_with_those_of_the_core() -> None:
    texts = {"TILL_WINDOW_SECONDS": "90", "TILL_SECRET_KEY": "hush", "TILL_PROVIDER_URL": " "}

    settings = load_settings(WithTill, texts | {"PORT": "4000"})

    assert (settings.server.port, settings.till.window_seconds) == (4000, 90.0)
    assert (settings.till.provider_url, settings.till.secret_key) == (None, Secret("hush"))
    assert "hush" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("TILL_WINDOW_SECONDS", "29", "TILL_WINDOW_SECONDS is '29'; expected a number from 30 to 3600"),
        (
            "TILL_PROVIDER_URL",
            "http://pay.example",
            "TILL_PROVIDER_URL is 'http://pay.example'; expected an address that begins with https://",
        ),
        (
            "TILL_LEDGER_URL",
            "hush",
            "TILL_LEDGER_URL is set; expected postgresql://user:password@host:port/name",
        ),
    ],
)
def test_a_wrong_value_of_a_domain_is_told_like_one_of_the_core(name: str, text: str, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(WithTill, {name: text})
    assert str(caught.value) == told


def test_the_documents_have_a_section_for_the_group_of_a_domain() -> None:
    assert list(settings_table(WithTill))[-4:] == [
        SettingRow("TILL_WINDOW_SECONDS", "600", "Seconds that a buyer has to pay."),
        SettingRow("TILL_PROVIDER_URL", "", "Where payments are made."),
        SettingRow("TILL_SECRET_KEY", "", "The key at the provider."),
        SettingRow("TILL_LEDGER_URL", "", "The database of the ledger."),
    ]
    assert "\n## Till\n\nHow buyers pay.\n\n| name |" in settings_page(WithTill)
    assert "\n## Seconds that a buyer has to pay.\n# TILL_WINDOW_SECONDS=600\n" in example(WithTill)


def test_no_two_settings_have_the_same_name() -> None:
    names = [row.name for row in settings_table(ProgramSettings)]

    assert len(names) == len(set(names))


def test_every_meaning_is_a_sentence() -> None:
    assert all(row.meaning.endswith(".") for row in settings_table(ProgramSettings))


def test_every_group_has_an_introduction() -> None:
    assert all(group.__doc__ != Group.__doc__ for group in groups_of(ProgramSettings).values())


@pytest.mark.parametrize("secret", ["DATABASE_URL", "DB_PASSWORD", "REPLICA_URL", "RATE_LIMIT_REDIS_URL"])
def test_what_holds_a_password_is_secret(secret: str) -> None:
    groups = groups_of(ProgramSettings).values()

    assert [s.secret for group in groups for s in settings_in(group) if s.name == secret] == [True]


class WithoutMeaning(Group, frozen=True, kw_only=True):
    """Has a setting that the documents could not explain."""

    port: int = 1


class WithoutShape(Group, frozen=True, kw_only=True):
    """Has a setting that no text can be read as."""

    ports: Annotated[tuple[int, ...], "Some ports."] = ()


@pytest.mark.parametrize(
    ("group", "told"), [(WithoutMeaning, "PORT has no meaning"), (WithoutShape, "Shape")]
)
def test_a_declaration_with_a_gap_is_refused(group: type[Group], told: str) -> None:
    with pytest.raises(TypeError, match=told):
        load_group(group, {})


def test_a_folder_and_a_secret_need_no_shape() -> None:
    class Own(Group, frozen=True, kw_only=True):
        """Has the two types that the core declares without a shape."""

        own_dir: Annotated[Path, "A folder."] = Path("x")
        own_key: Annotated[Secret | None, "A key."] = None

    own = load_group(Own, {"OWN_DIR": "/a ", "OWN_KEY": " b "})

    assert (own.own_dir, own.own_key) == (Path("/a"), Secret(" b "))
