"""What `python -m data check` prints about a delivery."""

from engine.data.check import Checked
from engine.pages.formatting import count, listed


def after_check(source: str, checked: Checked, columns: int) -> str:
    """The result in a few lines, with the next step.

    Args:
        columns: how many columns the contract has.
    """
    if not checked.holds:
        lines = [*checked.mistakes, *map(str, checked.violations), _next_step(checked)]
        return "\n  ".join([f"{source} breaks the contract (data/contract.py):", *lines])
    size = f"{count(checked.rows, 'row')}, {count(columns - len(checked.unchecked), 'column')}"
    if checked.unchecked:
        names = listed([repr(name) for name in checked.unchecked])
        text = f"{source} fits the contract as far as it goes: {size}; not checked: {names}, "
        text += "which are missing so far"
    else:
        text = f"{source} fits the contract: {size}, every rule"
    if checked.unlabelled:
        rows = count(checked.unlabelled, "row")
        text += f"\n  {rows} without an outcome: training excludes them"
    return text


def _next_step(checked: Checked) -> str:
    rows = count(checked.rows, "row")
    if checked.mistakes:
        return f"{rows} not validated: give the table the contract's columns first"
    where = f"every cell is listed in {checked.report}; " if checked.report else ""
    return (
        f"{checked.refused:,} of {rows} refused; {where}fix the rows at their source, or the "
        "rule if it is wrong"
    )
