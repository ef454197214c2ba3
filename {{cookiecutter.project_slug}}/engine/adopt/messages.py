"""Prints what was decided on a table."""

from engine.adopt.adopt import Adoption
from engine.adopt.copying import CONTRACT_FILE
from engine.pages.formatting import NOTHING, count, percent
from engine.pages.terminal import table
from engine.problem.spec import PROBLEM_FILE


def print_report(source: str, adoption: Adoption) -> None:
    """Print what was decided, column by column, and what to do next."""
    columns = [
        [
            one.name,
            one.type,
            percent(one.missing / adoption.rows) if one.missing else NOTHING,
            said,
        ]
        for one, said in adoption.decided
    ]
    excluded = sum(1 for one in adoption.guesses if one.excluded)
    size = f"{count(adoption.rows, 'row')}, {count(len(columns), 'column')}, {excluded} excluded"
    table(f"adopted {source}: {size}", ["column", "type", "missing", "decided"], columns)
    for note in adoption.notes:
        print(f"  {note}")
    print(f"wrote {PROBLEM_FILE} and {CONTRACT_FILE}; guesses are listed under 'assumed'")
    print("next: python -m problem check, then make journey")
