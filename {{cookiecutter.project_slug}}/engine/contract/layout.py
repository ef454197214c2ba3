"""How a text table is laid out, and what its columns are called; standard library only."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.problem.errors import BadInput

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
LONGEST_NAME = 200
# Around names: white space, and marks that nobody sees.
AROUND = re.compile("^[\\s\ufeff\u200b\u200e\u200f]+|[\\s\ufeff\u200b\u200e\u200f]+$")


@dataclass(frozen=True)
class Layout:
    """Encoding, separator and header of a text file: needed before its first cell is read."""

    encoding: str = "utf-8"
    separator: str = ","
    header: bool = True

    @property
    def codec(self) -> str:
        """The encoding as Python decodes it, without the mark of UTF-8."""
        return "utf-8-sig" if self.encoding == "utf-8" else self.encoding

    @classmethod
    def of(cls, metadata: Mapping[str, Any] | None) -> "Layout | None":
        """The layout in a contract's metadata; None where it has none."""
        stated = {key: (metadata or {}).get(key) for key in ("encoding", "separator", "header")}
        given = {key: value for key, value in stated.items() if value is not None}
        return cls(**given) if given else None


@dataclass(frozen=True)
class Names:
    """The columns' names in their order, a note on each that was changed, and those given twice."""

    names: tuple[str, ...]
    notes: tuple[str, ...]
    repeated: frozenset[str] = frozenset()


def column_names(first_row: Sequence[str], *, header: bool) -> Names:
    """The names of the columns: the cells of the first row, or numbers without a header.

    Blank names become column_3, repeated ones name_2. Spaces around a name are removed, as well as
    marks that nobody sees.
    """
    if not header:
        names = tuple(f"column_{at}" for at in range(1, len(first_row) + 1))
        return Names(names, (f"no header line: columns are {names[0]} to {names[-1]}",))
    stripped = [AROUND.sub("", name) for name in first_row]
    taken, notes = set(stripped), []
    names = ()
    for at, given in enumerate(stripped, start=1):
        name = given
        if not name or name in names:
            what = "has no name" if not name else f"is a second {name!r}"
            stem, number = (name, 2) if name else ("column", at)
            while f"{stem}_{number}" in taken:
                number += 1
            name = f"{stem}_{number}"
            taken.add(name)
            notes.append(f"column {at} {what} and is called {name!r}")
        names += (name,)
    repeated = frozenset(name for name in stripped if name and stripped.count(name) > 1)
    return Names(names, tuple(notes), repeated)


def checked_names(
    path: Path, given: Sequence[str], then: str = "give each a name of its own"
) -> list[str]:
    """The names of the columns of a typed table or a query, without spaces around them.

    Raises:
        BadInput: names are repeated, blank or too long; `then` is the next step.
    """
    names = [AROUND.sub("", name) for name in given]
    invalid = [
        name
        for name, times in Counter(names).items()
        if times > 1 or not name or len(name) > LONGEST_NAME
    ]
    if invalid:
        raise BadInput(
            f"{path} has column names that are repeated, blank or longer than {LONGEST_NAME} "
            f"characters: {', '.join(f'{name!r:.40}' for name in invalid)}; {then}",
            code="bad-column-names",
        )
    return names
