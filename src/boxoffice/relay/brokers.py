"""The broker of an address. Its client is an extra, which is imported only if the broker is used."""

from boxoffice.relay.sinks import Broker, Fits
from boxoffice.relay.targets import Target
from boxoffice.settings.texts import SettingsError


def broker_of(target: Target, fits: Fits) -> Broker:
    """How the relay reaches a broker. Raises ``SettingsError`` if its client is not installed."""
    url = target.url.reveal()
    try:
        match target.kind:
            case "rabbitmq":
                from boxoffice.relay.rabbitmq import RabbitBroker  # noqa: PLC0415 - an extra

                return RabbitBroker(url)
            case "nats":
                from boxoffice.relay.nats_jetstream import NatsBroker  # noqa: PLC0415 - an extra

                return NatsBroker(url, fits)
            case "redis":
                from boxoffice.relay.redis_streams import RedisBroker  # noqa: PLC0415 - an extra

                return RedisBroker(url, fits)
            case _:
                from boxoffice.relay.kafka import KafkaBroker  # noqa: PLC0415 - an extra

                return KafkaBroker(url, target.consumer)
    except ImportError:
        raise SettingsError(
            f"RELAY_URLS has {target.host}; expected the extra: pip install 'boxoffice[{target.kind}]'"
        ) from None
