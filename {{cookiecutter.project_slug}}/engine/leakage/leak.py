"""The result of the search: columns and the relation that they have to the target."""

from collections.abc import Container
from dataclasses import dataclass


@dataclass(frozen=True)
class Leak:
    """Columns that together give the target, and how.

    `latest` are those that came last, where the data shows it: what a deadline is compared with,
    what is missing until the outcome is known. `late` marks a column that problem.toml declares as
    known too late, or one that gives such a column.
    """

    columns: tuple[str, ...]
    mechanism: str
    latest: tuple[str, ...] = ()
    late: bool = False

    @property
    def proposed(self) -> tuple[str, ...]:
        """The columns to exclude: those that came last, or all where that is not clear."""
        return self.latest or self.columns

    def answered(self, known_in_time: Container[str]) -> bool:
        """Whether problem.toml states of each column that it is known when the decision is due."""
        return not self.late and all(name in known_in_time for name in self.columns)
