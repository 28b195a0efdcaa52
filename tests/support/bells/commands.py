"""What may be asked of bells."""

from boxoffice.vocabulary.commands import ShowCommand
from boxoffice.vocabulary.outcomes import Done


class BellNamed(Done, frozen=True):
    """The name that a show's bell has now; ``seq`` is the number of the event that tells it."""

    name: str
    seq: int


class NameBell(ShowCommand[BellNamed], frozen=True, kw_only=True, tag="update_show"):
    """Give a show's bell a name. To the database, which knows no bells, it is the show's own name."""

    done = BellNamed

    name: str
    expected_seqs: tuple[int, ...] | None = None
