"""The time span that a monitoring check looks at."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from engine.problem.errors import BadInput


@dataclass(frozen=True)
class Window:
    """A time span in UTC, without an offset, as the log's views have their times."""

    begin: datetime
    end: datetime


def window_of(days: int, since: datetime | None = None, now: datetime | None = None) -> Window:
    """The span from `since`, or from `days` ago, until `now`. Both times have an offset.

    Raises:
        BadInput: `since` is not in the past.
    """
    end = now or datetime.now(UTC)
    begin = since or end - timedelta(days=days)
    if begin >= end:
        raise BadInput(
            f"expected a time before now ({end:%Y-%m-%dT%H:%M:%S%z}) for --since, got "
            f"{begin.isoformat()}; give an earlier time"
        )
    return Window(*(timestamp.astimezone(UTC).replace(tzinfo=None) for timestamp in (begin, end)))
