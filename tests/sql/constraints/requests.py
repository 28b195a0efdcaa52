"""Wrong data that the table of requests refuses."""

COLUMNS = """
    INSERT INTO booking_requests (
        show_id, ticket_id, actor, key_hash, fingerprint, command, asked_at, answer_by, state, answered_at,
        status, answer, booking_id
    ) VALUES
"""
ONE, TWO = "'00000000-0000-7000-8000-000000000001'", "'00000000-0000-7000-8000-000000000002'"
WAITS = "'x', '{}', now(), now() + interval '30 s', 'queued', NULL, NULL, NULL, NULL"

SOUND = f"""
    {COLUMNS} (1, {ONE}, 'me', sha256('a'), {WAITS});
    {COLUMNS} (1, {TWO}, 'me', NULL, 'x', NULL, now(), now() + interval '1 s', 'done', now(), 201, '{{}}', 7);
"""


def row(
    key: str = "NULL",
    command: str = "'{}'",
    until: str = "now() + interval '30 s'",
    rest: str = "'queued', NULL, NULL, NULL, NULL",
    ticket: str = "gen_random_uuid()",
) -> str:
    """A statement that adds a row."""
    return f"{COLUMNS} (1, {ticket}, 'me', {key}, 'x', {command}, now(), {until}, {rest})"


REFUSED = [
    ("booking_requests_pkey", row(ticket=ONE)),
    ("request_is_asked_once", row(key="sha256('a')")),
    ("request_key_is_a_hash", row(key="'short'")),
    ("request_has_an_end", row(until="now()")),
    ("request_state", row(rest="'asleep', now(), NULL, NULL, NULL", command="NULL")),
    ("request_waits_or_is_answered", row(rest="'queued', now(), NULL, NULL, NULL")),
    ("request_waits_with_its_command", row(rest="'expired', now(), NULL, NULL, NULL")),
    ("request_done_tells_an_answer", row(rest="'done', now(), 201, NULL, NULL", command="NULL")),
    ("request_booked_was_done", row(rest="'expired', now(), NULL, NULL, 7", command="NULL")),
]
