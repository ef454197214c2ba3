"""What is found: columns and the relation that they have to the target."""

from collections.abc import Container
from dataclasses import dataclass


@dataclass(frozen=True)
class Leak:
    """Columns that together give the target, and how; `latest` are those that came last, if it can
    be told: what a deadline is held against, what is missing until the outcome is known.
    `late` says that problem.toml itself calls it, or what it gives, known too late.
    """

    columns: tuple[str, ...]
    mechanism: str
    latest: tuple[str, ...] = ()
    late: bool = False

    @property
    def proposed(self) -> tuple[str, ...]:
        """The columns to keep out: those that came last, or all where that cannot be told."""
        return self.latest or self.columns

    def answered(self, known_in_time: Container[str]) -> bool:
        """Whether a person has said of each column that it is known when the decision is due."""
        return not self.late and all(name in known_in_time for name in self.columns)
