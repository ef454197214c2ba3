"""How a text table is laid out, and what its columns are called; standard library only."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.problem.errors import BadInput

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
LONGEST_NAME = 200


@dataclass(frozen=True)
class Layout:
    """Encoding, separator and header of a text file: needed before its first cell is read."""

    encoding: str = "utf-8"
    separator: str = ","
    header: bool = True

    @classmethod
    def of(cls, metadata: Mapping[str, Any] | None) -> "Layout | None":
        """The layout in a contract's metadata; None where it has none."""
        stated = {key: (metadata or {}).get(key) for key in ("encoding", "separator", "header")}
        given = {key: value for key, value in stated.items() if value is not None}
        return cls(**given) if given else None


@dataclass(frozen=True)
class Names:
    """The columns' names in their order, and a note on each that was changed."""

    names: tuple[str, ...]
    notes: tuple[str, ...]


def column_names(first_row: Sequence[str], *, header: bool) -> Names:
    """The names of the columns: the cells of the first row, or numbers without a header.

    Blank names become column_3, repeated ones name_2. Spaces around a name are removed.
    """
    if not header:
        names = tuple(f"column_{at}" for at in range(1, len(first_row) + 1))
        return Names(names, (f"no header line: columns are {names[0]} to {names[-1]}",))
    taken, notes = {name.strip() for name in first_row}, []
    names = ()
    for at, given in enumerate(first_row, start=1):
        name = given.strip()
        if not name or name in names:
            what = "has no name" if not name else f"is a second {name!r}"
            stem, number = (name, 2) if name else ("column", at)
            while f"{stem}_{number}" in taken:
                number += 1
            name = f"{stem}_{number}"
            taken.add(name)
            notes.append(f"column {at} {what} and is called {name!r}")
        names += (name,)
    return Names(names, tuple(notes))


def check_names(
    path: Path, names: Sequence[str], then: str = "give each a name of its own"
) -> None:
    """Raise BadInput for names that are repeated, blank or too long; `then` is the next step."""
    invalid = [
        name
        for name, times in Counter(names).items()
        if times > 1 or not name.strip() or len(name) > LONGEST_NAME
    ]
    if invalid:
        raise BadInput(
            f"{path} has column names that are repeated, blank or longer than {LONGEST_NAME} "
            f"characters: {', '.join(f'{name!r:.40}' for name in invalid)}; {then}",
            code="bad-column-names",
        )
