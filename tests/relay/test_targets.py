"""RELAY_URLS: which texts are brokers, and what is told of them."""

import builtins
from typing import Any

import pytest

from boxoffice.relay.kafka import config_of
from boxoffice.relay.nats_jetstream import _servers
from boxoffice.relay.relay import brokers_of
from boxoffice.relay.settings import RelaySettings
from boxoffice.relay.targets import targets_of
from boxoffice.settings.texts import Secret, SettingsError
from tests.support.settings import settings_of


def test_each_address_is_a_broker_with_a_name_for_its_cursors() -> None:
    targets = targets_of(
        "amqp://ada:s3cret@mq.example:5672/tickets, nats://n1:4222,n2:4222,redis://r/0,"
        "kafka://k1:9092,k2:9092/events,redis://other/1?name=backup"
    )
    assert [(one.kind, one.consumer, one.host) for one in targets] == [
        ("rabbitmq", "relay:rabbitmq", "mq.example:5672"),
        ("nats", "relay:nats", "n1:4222,n2:4222"),
        ("redis", "relay:redis", "r"),
        ("kafka", "relay:kafka", "k1:9092,k2:9092"),
        ("redis", "relay:redis:backup", "other"),
    ]
    assert targets[4].url.reveal() == "redis://other/1"
    assert "s3cret" not in repr(targets)


@pytest.mark.parametrize(
    "text",
    [
        "http://broker",
        "broker:5672",
        "redis://a,redis://b",
        "redis://a?name=x,redis://b?name=x",
        "redis://a?name=Not+A+Name",
        "amqp://ada:pass/word@host",
        "amqp://ada:pass#word@host",
        "amqp://host:port",
        "nats://",
        ",".join(f"redis://h{number}?name=n{number}" for number in range(9)),
    ],
)
def test_other_texts_are_refused_without_a_word_of_what_they_say(text: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings_of(RELAY_URLS=text)
    assert str(refused.value).startswith("RELAY_URLS is set; expected up to eight addresses")


def test_a_broker_begins_with_what_happens_from_now_on_and_gets_no_person() -> None:
    relay = settings_of(RELAY_URLS="redis://localhost").relay
    assert (relay.begin, relay.personal) == ("now", False)
    assert settings_of().relay.targets == ()


@pytest.mark.parametrize(
    ("url", "module", "extra"),
    [
        ("amqp://host", "aio_pika", "rabbitmq"),
        ("nats://host", "nats", "nats"),
        ("redis://host", "redis", "redis"),
        ("kafka://host", "confluent_kafka", "kafka"),
    ],
)
def test_a_broker_whose_client_is_not_installed_is_told_with_the_extra(
    url: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = builtins.__import__

    def refuse(name: str, *arguments: Any, **named: Any) -> Any:
        if name.startswith("boxoffice.relay.") or name.partition(".")[0] == module:
            raise ImportError(name)
        return really(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(SettingsError, match=rf"host; expected the extra: pip install 'boxoffice\[{extra}\]'"):
        brokers_of(RelaySettings(urls=Secret(url)))


def test_nats_gets_each_server_with_the_login() -> None:
    assert _servers("nats://ada:s3cret@n1:4222,n2/") == ["nats://ada:s3cret@n1:4222", "nats://ada:s3cret@n2"]


def test_kafka_gets_its_login_and_whether_the_line_is_encrypted() -> None:
    assert config_of("kafka://k1:9092,k2/events")["security.protocol"] == "PLAINTEXT"
    config = config_of("kafkas://ada:s%20cret@k1:9092")
    assert (config["security.protocol"], config["bootstrap.servers"]) == ("SASL_SSL", "k1:9092")
    assert (config["sasl.username"], config["sasl.password"]) == ("ada", "s cret")
