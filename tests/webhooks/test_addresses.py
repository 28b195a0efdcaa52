"""Which addresses an endpoint may have. No test here opens a connection: the network counts what it is
asked.
"""

from collections.abc import Sequence
from typing import Any, Final

import httpcore
import pytest

from boxoffice.webhooks.addresses import BlockedAddress, Judge
from boxoffice.webhooks.backend import JudgingBackend, resolved
from boxoffice.webhooks.sender import Sender

SPECIAL: Final = (
    "0.0.0.0",  # noqa: S104 - nothing is bound to it
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.19.0.1",
    "198.51.100.1",
    "203.0.113.9",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "4000::1",
)
PUBLIC: Final = ("8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "::ffff:8.8.8.8", "2606:4700::1111")


class Network(httpcore.AsyncNetworkBackend):
    """A network that counts what it is asked for, and connects nothing."""

    def __init__(self) -> None:
        self.connected: list[tuple[str, int]] = []

    async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        self.connected.append((host, port))
        raise httpcore.ConnectError("nothing is connected in this test")


class Names:
    """A resolver that tells the next of its answers each time it is asked; the last one stays."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, _host: str, _port: int) -> Sequence[str]:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


async def sent_to(url: str, names: Any = resolved, allowed: Sequence[str] = ()) -> tuple[str, Network]:
    """What comes of a message to a URL, and what the network was asked."""
    network = Network()
    sender = Sender(JudgingBackend(Judge(allowed), names, network), 5.0)
    try:
        return (await sender.send(url, {}, b"{}")).told, network
    finally:
        await sender.close()


@pytest.mark.parametrize("address", SPECIAL)
def test_special_addresses_are_refused(address: str) -> None:
    with pytest.raises(BlockedAddress):
        Judge().judged(address, usual_port=True)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed_on_the_usual_port_alone(address: str) -> None:
    Judge().judged(address, usual_port=True)
    with pytest.raises(BlockedAddress):
        Judge().judged(address, usual_port=False)


def test_an_operators_own_network_is_allowed_on_any_port() -> None:
    judge = Judge(["10.1.0.0/16", "fd00::/8"])
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "fd00::1"):
        judge.judged(address, usual_port=False)
    for address in ("10.2.0.1", "fe80::1", "127.0.0.1"):
        with pytest.raises(BlockedAddress):
            judge.judged(address, usual_port=True)


def test_a_translator_that_is_allowed_still_leads_to_no_inner_address() -> None:
    judge = Judge(["64:ff9b::/96"])
    judge.judged("64:ff9b::808:808", usual_port=True)
    with pytest.raises(BlockedAddress):
        judge.judged("64:ff9b::7f00:1", usual_port=True)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "0x7f000001",
        "2130706433",
        "127.1",
        "0177.0.0.1",
        "169.254.169.254",
        "192.0.0.8",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[fec0::1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "localhost",
    ],
)
async def test_no_way_to_write_an_inner_address_leads_to_a_connection(host: str) -> None:
    told, network = await sent_to(f"https://{host}/hook")
    assert (told, network.connected) == ("blocked_address", [])


async def test_a_name_with_one_inner_address_among_public_ones_is_refused() -> None:
    told, network = await sent_to("https://shop.example/", Names(["8.8.8.8", "10.0.0.1"]))
    assert (told, network.connected) == ("blocked_address", [])


async def test_the_judged_address_is_the_connected_one() -> None:
    """A name that would lead elsewhere when it is asked again is not asked again."""
    names = Names(["8.8.8.8"], ["127.0.0.1"])
    told, network = await sent_to("https://shop.example/", names)
    assert (told, network.connected, names.asked) == ("unreachable", [("8.8.8.8", 443)], 1)
    told, network = await sent_to("https://shop.example/", names)
    assert (told, network.connected) == ("blocked_address", [])


async def test_the_next_address_is_tried_if_one_cannot_be_reached() -> None:
    told, network = await sent_to("https://shop.example/", Names(["2606:4700::1111", "8.8.8.8"]))
    assert (told, [host for host, _ in network.connected]) == ("unreachable", ["2606:4700::1111", "8.8.8.8"])


async def test_a_public_address_is_reached_on_the_usual_ports_alone() -> None:
    told, network = await sent_to("https://shop.example:8443/", Names(["8.8.8.8"]))
    assert (told, network.connected) == ("blocked_address", [])


async def test_the_environment_names_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    _, network = await sent_to("https://shop.example/", Names(["8.8.8.8"]))
    assert network.connected == [("8.8.8.8", 443)]


async def test_a_name_that_leads_nowhere_is_told() -> None:
    told, network = await sent_to("https://shop.example/", Names([]))
    assert (told, network.connected) == ("unresolved", [])
