"""The rules that let the schema and the SQL be sharded by show, if one PostgreSQL is not enough some day.

On a sharded database all rows of a show lie on one node. A key or a statement without show_id would have to
ask every node. The SQL is checked scope by scope: a statement, and each SELECT in parentheses, by itself.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from tests.support.proof.tables import VIEWS, lying

CROSS_SHOWS: Final = {
    "queries/all_bookings_of_user": "a person's export; asked by hand",
    "queries/bookings_of_user": "a person's bookings; asks every node, and each has an index for it",
    "queries/busiest_shows": "monitoring looks now and then; each node can for its own",
    "queries/due_shows": "the sweeper asks which shows to look after; each node can for its own",
    "queries/due_shows_of_user": "the exact read of a person's bookings",
    "queries/queue_of_requests": "the bound and the metrics look now and then; each node can for its own",
    "queries/queued_shows": "the worker asks which shows to look after; each node can for its own",
    "queries/requests_of_user": "a person's export; asked by hand",
    "queries/events_of_user": "a person's export; asked by hand",
    "queries/forget_batches": "housekeeping; any node for itself",
    "queries/kept_answers_of_user": "a person's export; asked by hand",
    "queries/last_links": "verify reads the ends of all chains; each node can for its own",
    "queries/looked_at": "verify counts; each node can for its own",
    "queries/old_shows": "the archive asks which shows are long over; each node can for its own",
    "queries/overdue_hold": "monitoring looks now and then; each node can for its own",
    "queries/raw_events": "verify reads all chains; each node can for its own",
    "queries/shows": "the list of all shows",
    "queries/feed_lags": "monitoring looks now and then; each node can for its own",
    "queries/feed_forks": "an operator asks",
    "queries/feed_look": "a reader looks at one node",
    "functions/drop_consumer": "an operator asks",
    "functions/forget_marks": "housekeeping; any node for itself",
    "functions/erase_answers": "a person's kept answers lie with many shows; by hand",
    "functions/erase_archived": "a person's traces lie in many shows; by hand",
    "functions/erase_pause": "a person's holds lie in many shows; by hand",
    "functions/erase_refusal": "a person's bookings lie in many shows; by hand",
    "functions/erase_traces": "a person's traces lie in many shows; by hand",
    "functions/erase_user": "a person's traces lie in many shows; by hand, and it locks them in order",
    "functions/erase_requests": "a person's requests lie with many shows; by hand",
    "functions/forget_keys": "housekeeping; any node for itself",
    "functions/forget_webhooks": "housekeeping; any node for itself",
    "functions/release_lanes": "an endpoint that works again is told of many shows",
    "functions/retry_letter": "an operator asks",
    "queries/webhook_endpoints": "an operator asks",
    "queries/webhook_figures": "monitoring looks now and then; each node can for its own",
    "queries/webhook_forks_untold": "a sender looks what is due; each node can for its own",
    "queries/webhook_lanes_due": "a sender looks what is due; each node can for its own",
    "queries/webhook_letters": "an operator asks",
    "queries/webhook_letters_due": "a sender looks what is due; each node can for its own",
    "functions/forget_requests": "housekeeping; any node for itself",
}
"""Statements that are about many shows, with the reason why that is allowed."""

WITHOUT_SHOW: Final = {
    "forget_keys": "housekeeping; any node for itself",
    "forget_requests": "housekeeping; any node for itself",
    "answer_requests": "each row is named by its show; each node writes its own",
    "take_requests": "a loop over shows; on a sharded database the program makes a call for each instead",
    "erase_requests": "a person's requests lie with many shows; by hand",
    "run_batch": "the one loop over shows; on a sharded database the program makes a call for each instead",
    "run_desk_command": "what is not about a show's seats; show 0 stands for none",
    "create_show": "makes the show, and goes on with its id",
    "acknowledge": "a consumer says for many shows what it has",
    "drop_consumer": "a consumer is told of many shows",
    "forget_marks": "housekeeping; any node for itself",
    "move_cursors": "a consumer has events of many shows, sent together",
    "rewind_cursors": "a consumer is told of many shows",
    "skip_to_end": "a consumer is told of many shows",
    "booking_outcome": "the show is its command's",
    "erase_answers": "a person's kept answers lie with many shows; by hand",
    "erase_archived": "a person's traces lie in many shows; by hand",
    "erase_pause": "a person's holds lie in many shows; by hand",
    "erase_refusal": "a person's bookings lie in many shows; by hand",
    "erase_traces": "a person's traces lie in many shows; by hand",
    "erase_user": "a person's traces lie in many shows; by hand",
    "lock_shows": "locks several shows, one by one",
    "forget_callers": "housekeeping of the locks of users, each of many shows",
    "change_webhook": "an endpoint is told of many shows; by hand",
    "forget_letters": "a consumer is told of many shows; by hand",
    "forget_webhooks": "housekeeping; any node for itself",
    "note_holes": "an endpoint is told of many shows; by hand",
    "release_lanes": "an endpoint is told of many shows",
    "retry_letter": "by hand",
    "lock_callers": "counts a user's holds over all shows, by the shows that the lock names",
}
"""Functions on rows of shows whose first parameter is not the show, with the reason."""

CHANGING_CTES: Final = {
    "functions/lock_callers": "RETURNING alone reads the lock without a conflict; its table is no show's",
    "functions/move_to_archive": "moves the rows of one show: nothing may be left between here and there",
}
"""Statements that change rows in a WITH, with the reason: when sharded, they ask all nodes."""

_TABLE: Final = "|".join((*lying("show"), *VIEWS))
_REFERENCE: Final = re.compile(
    rf"\b(?:FROM|JOIN|UPDATE|USING)\s+(?:ONLY\s+)?(?:{_TABLE})\b(?!\s*\()|,\s*(?:{_TABLE})\s+AS\b", re.I
)
_TIE: Final = re.compile(
    r"\bshow_id\s*(?:=|IN\b)"  # show_id = $1, show_id IN (...), (show_id, x) = (...)
    r"|=\s*(?:\w+\.)?show_id\b(?!\s*=)"  # $1 = show_id
    r"|\bUSING\s*\([^)]*\bshow_id\b",
    re.I,
)
_INNER: Final = re.compile(r"\(\s*(?:SELECT|WITH|VALUES|INSERT|UPDATE|DELETE)\b", re.I)
_CLOCK: Final = r"\b(?:clock_timestamp|engine_now|now|random|gen_random_uuid|nextval|timeofday)\s*\("
_CHANGING_CTE: Final = re.compile(
    r"\bAS\s+(?:(?:NOT\s+)?MATERIALIZED\s+)?\(\s*(?:INSERT|UPDATE|DELETE|MERGE)\b", re.I
)
_FORBIDDEN: Final = re.compile(
    r"\b(?:MERGE\s+INTO|NOTIFY|LISTEN|pg_notify|pg_(?:try_)?advisory\w*|CREATE\s+(?:CONSTRAINT\s+)?TRIGGER|"
    r"RETURNS\s+trigger|EXECUTE)\b",
    re.I,
)


def code_of(text: str) -> str:
    """The SQL without its comments and without the content of its string literals."""
    return re.sub(r"'(?:[^']|'')*'", "''", re.sub(r"--.*", "", text))


def statements(text: str) -> Iterator[str]:
    """The statements of a file; of a function, the statements of its body."""
    yield from (part.strip() for part in code_of(text).split(";") if part.strip())


def scopes(statement: str) -> Iterator[str]:
    """The statement and every SELECT in parentheses in it, each without the SELECTs inside it."""
    rest = statement
    while opening := _last(_INNER, rest):
        closing = _closing(rest, opening.start())
        yield rest[opening.start() + 1 : closing]
        rest = rest[: opening.start()] + "(...)" + rest[closing + 1 :]
    yield rest


def untied(text: str) -> list[str]:
    """The scopes that name a table of shows without a condition on its show_id: each table needs its own."""
    return [
        " ".join(scope.split())
        for statement in statements(text)
        for scope in scopes(statement)
        if len(_TIE.findall(scope)) < len(_REFERENCE.findall(scope))
    ]


def clocks_in_updates(text: str) -> list[str]:
    """The updates of tables of shows with a call in them that two nodes could answer differently."""
    found = re.compile(rf"\bUPDATE\s+(?:{_TABLE})\b.*?{_CLOCK}", re.I | re.S)
    return [match[0] for statement in statements(text) for match in found.finditer(statement)]


def changes_in_with(text: str) -> bool:
    """Whether rows are changed in a WITH."""
    return _CHANGING_CTE.search(code_of(text)) is not None


def forbidden(text: str) -> list[str]:
    """The constructs in the text that work on one node only, or stop all commits."""
    return _FORBIDDEN.findall(code_of(text))


def in_sql_language(functions: Mapping[str, str]) -> list[str]:
    """The functions in LANGUAGE sql that name a table of shows: their parameters cannot choose the node."""
    return [
        name
        for name, text in functions.items()
        if re.search(r"\bLANGUAGE\s+sql\b", code_of(text), re.I) and _REFERENCE.search(_body(text))
    ]


def whole_rows(text: str) -> list[str]:
    """The tables of shows of which a whole row is used as a value. On a node the row has another type."""
    found = re.compile(rf"\b(?:FROM|JOIN|UPDATE|USING)\s+({_TABLE})\s+AS\s+(\w+)\b", re.I)
    return [
        f"{match[1]} AS {match[2]}"
        for statement in statements(text)
        for match in found.finditer(statement)
        if re.search(rf"(?<!\bAS )(?<![.\w]){match[2]}(?![.\w]|\s*\()", statement.replace(match[0], ""))
    ]


def nested_queries(text: str, functions: Mapping[str, str]) -> list[str]:
    """The functions that query tables of shows and are called in such a query: a node cannot query back."""
    asking = [name for name, body in functions.items() if _REFERENCE.search(_body(body))]
    called = re.compile(rf"\b({'|'.join(asking)})\s*\(")
    return [
        name
        for statement in statements(_body(text))
        for scope in scopes(statement)
        if _REFERENCE.search(scope)
        for name in called.findall(scope)
    ]


def crowded_alters(text: str) -> list[str]:
    """The ALTER TABLE statements that add a constraint and do something else, too."""
    return [
        statement
        for statement in statements(text)
        if re.search(r"\bALTER\s+TABLE\b", statement, re.I)
        and re.search(r"\bADD\s+(?:CONSTRAINT|PRIMARY|UNIQUE|FOREIGN|CHECK)\b", statement, re.I)
        and "," in re.sub(r"\([^()]*\)", "", re.sub(r"\([^()]*\)", "", statement))
    ]


def unstable(text: str) -> list[str]:
    """The expressions that are lost or refused on the way to a node.

    A collation in ON CONFLICT is lost; a cast that depends on settings is refused in a COALESCE of an UPDATE.
    """
    return [
        match[0]
        for statement in statements(text)
        for match in (
            *re.finditer(r"\bON\s+CONFLICT\s*\([^)]*\bCOLLATE\b.*", statement, re.I | re.S),
            *re.finditer(
                rf"\bUPDATE\s+(?:{_TABLE})\b.*?\b(?:COALESCE|CASE)\b[^,;]*::timestamptz",
                statement,
                re.I | re.S,
            ),
        )
    ]


def locks_of_many(text: str) -> list[str]:
    """The statements that lock rows of shows without naming one show."""
    return [
        scope
        for statement in statements(text)
        for scope in scopes(statement)
        if re.search(r"\bFOR\s+(?:UPDATE|SHARE|NO\s+KEY\s+UPDATE|KEY\s+SHARE)\b", scope, re.I)
        and _REFERENCE.search(scope)
        and not re.search(r"\bshow_id\s*=(?!\s*ANY\b)", scope, re.I)
    ]


def about_shows(functions: Mapping[str, str]) -> list[str]:
    """The functions that read or change a table of shows, or call one that takes a show."""
    of_a_show = "|".join(name for name, text in functions.items() if takes_a_show(text))
    about = re.compile(rf"\bINTO (?:{_TABLE})\b|\b(?:{of_a_show})\(", re.I)
    bodies = {name: _body(text) for name, text in functions.items()}
    return [name for name, body in bodies.items() if about.search(body) or _REFERENCE.search(body)]


def takes_a_show(text: str) -> bool:
    """Whether the function that the file creates takes a show."""
    return re.search(r"FUNCTION \w+\s*\(\s*p_show_id bigint\b", code_of(text)) is not None


def _body(text: str) -> str:
    """The file without the function's own name and parameters."""
    return re.sub(r"^.*?\b(?:RETURNS|LANGUAGE)\b", "", code_of(text), count=1, flags=re.S)


def _last(pattern: re.Pattern[str], text: str) -> "re.Match[str] | None":
    return max(pattern.finditer(text), key=lambda match: match.start(), default=None)


def _closing(text: str, opening: int) -> int:
    """The position at which the parenthesis at ``opening`` is closed."""
    depth = 0
    for place in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return place
    raise AssertionError(f"a parenthesis without end: {text[opening:]}")
