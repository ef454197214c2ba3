"""What is found: columns and the relation that they have to the target."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Leak:
    """Columns that together give the target, and how; `latest` are those that came last, if it can
    be told: what a deadline is held against, what is missing until the outcome is known.
    """

    columns: tuple[str, ...]
    mechanism: str
    latest: tuple[str, ...] = ()

    @property
    def proposed(self) -> tuple[str, ...]:
        """The columns to keep out: those that came last, or all where that cannot be told."""
        return self.latest or self.columns
