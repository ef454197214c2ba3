"""How much memory the requests that are arriving may hold, those of all connections together."""

from engine.serving.http.errors import busy

MAX_BYTES = 100_000_000
# What arrives in one small piece does not count: the next turns of the loop respond to it.
SMALL_BYTES = 16_384


class Share:
    """The part of the budget that one request has taken."""

    taken = 0  # by all requests together

    def __init__(self) -> None:
        self.size = 0

    def grow(self, size: int) -> None:
        """Take `size` bytes in all, or raise a ProblemError if other requests hold the memory."""
        more = size - self.size
        if Share.taken + more > MAX_BYTES:
            raise busy("many large requests are arriving")
        self.size = size
        Share.taken += more

    def release(self) -> None:
        """Return all of it to the budget."""
        Share.taken -= self.size
        self.size = 0
