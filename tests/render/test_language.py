"""Identifiers use the field's words: none of the project's former words is a name in its Python.

A word is forbidden in the rooms of its domain, because elsewhere it can be an ordinary name: a
`scale` on a chart is fine, a fast transformer named `Scale` is not. Add a word and its rooms when a
better-known word replaces it.
"""

import tokenize
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import INSIDE, ROOT

PROJECT = ROOT / INSIDE

# Each domain's rooms (folders of the engine and stage folders), and the words that are forbidden
# there, with or without a leading underscore. `*` is everywhere.
TABLE = """
*: said told found judge judged ask asked known some how gone endless mended kept strangers
*: units moment say Say odd alike places waiting Judgement
training bundle poc: Lesson taught teachers see Truth learning finish Finished weigh
training bundle poc: leaned_on facts Claims papers LOOKS looks crew at_once side_by_side SEATS
training bundle poc: let_go give_back withheld held recipe earlier rough
data contract leakage adopt eda: telling tells look Look spans gaps_together Habits Cells Found
data contract leakage adopt eda: GLANCE figures bare Broken cuts Border one_sided together seal
gate handoff: door twin framed meanwhile Evidence unasked voided overdue
serving: Live Answering Coalescer Front hot intake Asked Refusal Patience Beside choose direct
serving: way quick Lookup Fill Scale Light Held Watch OfBundle Tally leave_out torn anew
monitoring pages journey: worse walk HOME wording tone crowd dots sheet
"""
MOST_ALLOWED = 10
# (room, word) to the reason why the word is right there.
ALLOWED: dict[tuple[str, str], str] = {}


def room_of(path: Path) -> str:
    """The room of a file of the project; tests belong to the room that they test."""
    folders = [part for part in path.parts[:-1] if part not in ("engine", "tests")]
    return folders[0] if folders else path.stem


def forbidden(room: str) -> set[str]:
    """The words that are no names in this room."""
    lines = [line.partition(":") for line in TABLE.strip().splitlines()]
    texts = [words for rooms, _, words in lines if {"*", room} & set(rooms.split())]
    return set(" ".join(texts).split())


def names(path: Path) -> Iterator[tuple[int, str]]:
    """The line and text of each name in a Python file: no strings, no comments."""
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.NAME:
                yield token.start[0], token.string


def uses() -> Iterator[str]:
    """The place of each forbidden name in the project's Python."""
    for path in sorted(PROJECT.rglob("*.py")):
        place = path.relative_to(PROJECT)
        if any(part.startswith(".") for part in place.parts):  # environments and caches
            continue
        room = room_of(place)
        words = forbidden(room) - {word for where, word in ALLOWED if where == room}
        for line, name in names(path):
            if name.lstrip("_") in words:
                yield f"{place.as_posix()}:{line}: {name}"


def test_language_identifiers_are_standard_words() -> None:
    """No name in the project's Python is forbidden in its room."""
    places = list(uses())
    assert not places, f"{len(places)} forbidden names:\n" + "\n".join(places)


def test_language_allow_list_is_short_and_reasoned() -> None:
    """At most ten exceptions, each with its reason, and each of a word that is forbidden there."""
    assert len(ALLOWED) <= MOST_ALLOWED
    assert [entry for entry, reason in ALLOWED.items() if not reason.strip()] == []
    assert [(room, word) for room, word in ALLOWED if word not in forbidden(room)] == []


def test_language_room_of_a_test_is_the_room_that_it_tests() -> None:
    """Words are forbidden in a room's tests as in its code, and in no other room."""
    paths = ("engine/gate/page.py", "engine/tests/gate/made.py", "handoff/gate.py", "journey.py")
    assert [room_of(Path(path)) for path in paths] == ["gate", "gate", "handoff", "journey"]
    assert "door" in forbidden("gate")
    assert "door" not in forbidden("serving")
