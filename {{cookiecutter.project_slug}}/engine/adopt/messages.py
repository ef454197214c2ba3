"""Prints what was decided on a table."""

from engine.adopt.adopt import Adoption
from engine.adopt.copying import CONTRACT_FILE
from engine.adopt.notes import column_note
from engine.pages.formatting import NOTHING, count, percent
from engine.pages.terminal import table
from engine.problem.spec import PROBLEM_FILE


def print_report(source: str, adoption: Adoption) -> None:
    """Print what was decided, column by column, and what to do next."""
    rows, guesses = adoption.rows, adoption.guesses
    columns = [
        [
            one.name,
            one.type,
            percent(one.missing / rows) if one.missing else NOTHING,
            column_note(one, adoption.roles),
        ]
        for one in guesses
    ]
    excluded = sum(1 for one in guesses if one.excluded)
    size = f"{count(rows, 'row')}, {count(len(guesses), 'column')}, {excluded} excluded"
    table(f"adopted {source}: {size}", ["column", "type", "missing", "decided"], columns)
    for note in adoption.notes:
        print(f"  {note}")
    print(f"wrote {PROBLEM_FILE} and {CONTRACT_FILE}; guesses are listed under 'assumed'")
    print("next: python -m problem check, then make journey")
