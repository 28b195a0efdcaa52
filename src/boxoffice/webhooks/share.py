"""How many messages may be under way to one endpoint: fewer if it has too much to do."""

from boxoffice.webhooks import limits
from boxoffice.webhooks.sender import Answer

_ARRIVED_TO_GROW = 10
"""Messages in a row that must arrive until one more may be under way."""


class Share:
    """Halved when the endpoint says that it has too much to do; grows by one with each ten that arrive."""

    def __init__(self) -> None:
        self.size = limits.SENDING_PER_ENDPOINT_MAX
        self._arrived = 0

    def note(self, answer: Answer) -> None:
        """Takes notice of what came of a message."""
        if answer.throttles:
            self.size, self._arrived = max(self.size // 2, 1), 0
        elif answer.arrived:
            self._arrived += 1
            if self._arrived >= _ARRIVED_TO_GROW:
                self.size, self._arrived = min(self.size + 1, limits.SENDING_PER_ENDPOINT_MAX), 0
