"""What is found: columns and the relation that they have to the target."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Leak:
    """Columns that together give the target, and how."""

    columns: tuple[str, ...]
    mechanism: str
