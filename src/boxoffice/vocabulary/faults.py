"""Faults: what can go wrong on our side. A fault is an exception; a refusal (``outcomes``) is a value."""


class Fault(Exception):
    """Base of all faults. ``retry_after_s``: after how many seconds a caller should try again."""

    retry_after_s: float = 1.0


class Overloaded(Fault):
    """The show's lane, or all lanes together, are full. The command had no effect. ``hint``: a header that
    the caller may send to be answered later.
    """

    hint: str | None = None


class TimedOut(Fault):
    """The command waited longer than ``limits.LANE_WAIT_MAX_S`` for a batch. The command had no effect."""


class ShuttingDown(Fault):
    """The engine no longer takes commands. The command had no effect."""


class Unavailable(Fault):
    """The database failed on every try within ``limits.WRITE_RETRY_BUDGET_S``, or has no room on its disk.
    The command had no effect.
    """


class Busy(Unavailable):
    """A lock or a statement took longer than its timeout. The command had no effect."""


class OutcomeUnknown(Fault):
    """The connection broke before the answer to a commit came, and the outcome could not be looked up since.
    So the command may have had its effect, or not.

    The caller finds out by sending the same request with the same Idempotency-Key once the database is back.
    """


class SchemaMismatch(Fault):
    """The migrations in the database are not those that this program needs."""


class IdentityUnavailable(Fault):
    """The identity provider does not give its keys, so no token can be checked. The request had no effect."""
