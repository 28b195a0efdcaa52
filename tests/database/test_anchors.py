"""Anchors outside of the database tell a history that was rewritten, or whose end was cut off."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from boxoffice.database.anchors import Anchors, AnchorsUnusable, checking_key, signing_key
from boxoffice.database.chain import Link
from boxoffice.database.verify import ANCHORS, verify
from tests.support.engine.box import Box
from tests.support.engine.databases import Connection

KEY = Ed25519PrivateKey.generate()
NOW = datetime(2030, 1, 1, tzinfo=UTC)

REWRITE = """
    UPDATE show_events SET actor = 'nobody' WHERE kind = 'booked';
    UPDATE show_events AS e SET link = sha256(
        (SELECT link FROM show_events WHERE show_id = e.show_id AND seq = e.seq - 1)
        || event_content(e.show_id, seq, kind, booking_id, user_id, places, actor, at, details)
    ) WHERE seq = 2;
    UPDATE show_inventory AS i SET last_link = (
        SELECT link FROM show_events AS e WHERE e.show_id = i.show_id ORDER BY seq DESC LIMIT 1
    )
"""
"""A forgery that makes all later links anew, as the chain alone cannot tell."""

CUT = """
    DELETE FROM booking_seats; DELETE FROM show_events WHERE seq = 2; DELETE FROM bookings;
    UPDATE show_inventory AS i SET last_seq = 1, last_booking_number = 0, free_places = 10, sold_places = 0,
        last_link = (SELECT link FROM show_events WHERE show_id = i.show_id AND seq = 1),
        run_hints = '{1,1,1,1,1,1,1,1}';
    UPDATE map_chunks SET taken = B'0000000000', free_places = 10
"""
"""A sale that never was: everything is as before it."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the anchors are."""
    return tmp_path / "anchors.jsonl"


async def anchored(box: Box, file: Path) -> int:
    """Verifies against the file, and adds to it; how many shows were added."""
    anchors = Anchors(file, KEY.public_key())
    report = await verify(box.dsn, anchors)
    assert report.holds
    return anchors.append(report.ends, KEY, NOW)


async def told(box: Box, file: Path) -> list[str]:
    """All violations by now."""
    report = await verify(box.dsn, Anchors(file, KEY.public_key()))
    found = [(result.name, violation) for result in report.results for violation in result.violations]
    assert {name for name, _ in found} <= {ANCHORS}
    return [f"show {violation.show_id}: {violation.text}" for _, violation in found]


async def test_only_shows_that_changed_are_anchored_again(box: Box, file: Path) -> None:
    assert await anchored(box, file) == 0
    show = await box.show()
    await box.show()
    assert await anchored(box, file) == 2
    await box.book(show)
    assert await anchored(box, file) == 1
    assert await anchored(box, file) == 0
    assert await told(box, file) == []


async def test_of_two_runs_at_once_one_begins_anew(box: Box, file: Path) -> None:
    await box.show()
    ends = (await verify(box.dsn)).ends
    first, second = (Anchors(file, KEY.public_key()) for _ in range(2))
    assert first.append(ends, KEY, NOW) == 1
    with pytest.raises(AnchorsUnusable, match="run it once more"):
        second.append(ends, KEY, NOW)
    assert first.append(ends[:0], KEY, NOW) == 0
    assert await told(box, file) == []


async def test_a_rewritten_history_is_told(box: Box, connection: Connection, file: Path) -> None:
    show = await box.show()
    await box.book(show)
    await anchored(box, file)
    await connection.execute(REWRITE)
    assert (await verify(box.dsn)).holds
    assert await told(box, file) == [f"show {show}: event 2 is not the one that was anchored"]


async def test_an_end_that_was_cut_off_is_told(box: Box, connection: Connection, file: Path) -> None:
    show = await box.show()
    await box.book(show)
    await anchored(box, file)
    await connection.execute(CUT)
    assert (await verify(box.dsn)).holds
    assert await told(box, file) == [f"show {show}: event 2 was anchored, and is not there"]


async def test_a_rewritten_history_is_told_after_it_went_on(
    box: Box, connection: Connection, file: Path
) -> None:
    show = await box.show()
    await box.book(show)
    await anchored(box, file)
    await connection.execute(REWRITE)
    await box.book(show)
    assert await told(box, file) == [f"show {show}: event 2 is not the one that was anchored"]


@pytest.mark.parametrize("change", ["a link", "a run", "an order", "a tail", "a line", "another key"])
def test_a_file_that_was_changed_is_told(file: Path, change: str) -> None:
    for show in (1, 2, 3):
        end = Link(show, 1, b"link", "2030-01-01 00:00:00+00")
        assert Anchors(file, KEY.public_key()).append([end], KEY, NOW) == 1
    lines, key = file.read_text().splitlines(keepends=True), KEY.public_key()
    match change:
        case "a link":
            lines[0] = lines[0].replace('"link":"', '"link":"0')
        case "a run":
            del lines[2:4]
        case "an order":
            lines[0:2], lines[2:4] = lines[2:4], lines[0:2]
        case "a tail":
            lines[-1] = ""
        case "a line":
            lines.insert(1, lines[0])
        case _:
            key = Ed25519PrivateKey.generate().public_key()
    file.write_text("".join(lines))
    with pytest.raises(AnchorsUnusable, match=r"was changed|not signed"):
        Anchors(file, key)


def test_keys_are_ed25519_in_pem(tmp_path: Path) -> None:
    private, public, other, nothing = (tmp_path / name for name in ("private", "public", "other", "nothing"))
    private.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    rsa = generate_private_key(65537, 2048)
    other.write_bytes(rsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert signing_key(private).public_key() == checking_key(private) == checking_key(public)
    for path in (public, other, nothing):
        with pytest.raises(AnchorsUnusable, match="openssl genpkey -algorithm ed25519"):
            signing_key(path)
    for path in (other, nothing):
        with pytest.raises(AnchorsUnusable):
            checking_key(path)
