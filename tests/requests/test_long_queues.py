"""What one request costs does not depend on how many wait: pages are counted, no time is measured.

The plans are made while the table is empty, and the server has no statistics of it, as after an installation.
"""

import json
import uuid
from typing import Any, Final

from boxoffice.sql import query
from tests.support.engine.databases import Connection
from tests.support.engine.history import pages_of_statement

SHOW: Final = 7
WAIT: Final = 5_000
"""Requests that wait: some 200 pages of an index, and far more of their table."""

PLANS_KEPT_AFTER: Final = 6
"""Runs of a statement after which its plan is kept for any parameters."""

PAGES_EACH_MAX: Final = 60
"""Pages that a request more may read: its searches in all indexes, and what is written."""

FILL: Final = """
INSERT INTO booking_requests (show_id, ticket_id, actor, key_hash, fingerprint, command, asked_at, answer_by)
SELECT $1, gen_random_uuid(), 'user:' || n, sha256(n::text::bytea), '\\x00', '{}', now(),
       now() + interval '1 h'
FROM generate_series(1, $2::integer) AS n
"""


def some_requests(count: int) -> str:
    """New requests, each with a key of its own."""
    return json.dumps([
        {"no": no, "show_id": SHOW, "ticket_id": str(uuid.uuid4()), "actor": "user:0", "fingerprint": "\\x00",
         "key_hash": f"\\x{uuid.uuid4().hex * 2}", "command": {}, "request_id": "", "answer_seconds": 60}
        for no in range(count)
    ])  # fmt: skip


async def some_answers(connection: Connection, count: int) -> str:
    """Answers to the requests that wait longest."""
    rows = await connection.fetch(query("queued_requests"), SHOW, 0, count)
    told: dict[str, Any] = {"show_id": SHOW, "state": "done", "status": 201, "headers": {}, "answer": "{}"}
    return json.dumps([told | {"ticket_id": str(row["ticket_id"])} for row in rows])


async def pages(connection: Connection, count: int) -> tuple[int, int]:
    """The pages that it takes to note so many requests, and to answer as many."""
    noted = await pages_of_statement(connection, query("take_requests"), some_requests(count), 2 * WAIT)
    answers = await some_answers(connection, count)
    return noted, await pages_of_statement(connection, query("answer_requests"), answers)


async def test_a_request_more_reads_no_more_in_a_long_queue(connection: Connection) -> None:
    for _ in range(PLANS_KEPT_AFTER):
        await pages(connection, 2)
    await connection.execute(FILL, SHOW, WAIT)
    await pages(connection, 1)

    one, eleven = await pages(connection, 1), await pages(connection, 11)

    each = [(many - few) / 10 for few, many in zip(one, eleven, strict=True)]
    assert max(each) <= PAGES_EACH_MAX, f"noted, answered: {each} pages each"
