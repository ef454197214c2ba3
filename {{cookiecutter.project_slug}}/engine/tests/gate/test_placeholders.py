"""A placeholder is named where it stands; what is only assumed is a warning."""

from dataclasses import replace
from pathlib import Path

import pytest

from engine.gate.checks.check import Result
from engine.gate.checks.safe_to_own import documented
from engine.tests.gate.untrained import context_of, edit, write

AWS = "AKIA" + "ABCDEFGHIJKLMNOP"
CODE = {"commit": "0123456789abcdef" * 3, "dirty": False, "snapshot": "s"}


def documented_with(*changes: tuple[str, str], card: str = "") -> Result:
    """The result of `documented` after changes of problem.toml."""
    write("binary", *changes)
    Path("model_card.md").write_text(card)
    return documented(context_of())


OPEN = ("TODO", "TBD", "tbc", "FIXME", "XXX", "Not yet said", "lorem ipsum", "<a name>", "???")


@pytest.mark.parametrize("text", OPEN)
def test_documented_placeholder_is_refused_where_it_stands(empty: Path, text: str) -> None:
    change = ('not_for = "Rating customers."', f'not_for = "Rating, {text} more."')
    result = documented_with(change, card=f"Rating, {text} more.")
    assert (result.outcome, result.next != "") == ("refuse", True)
    # Once, where it is to be fixed, although the card repeats it.
    assert result.measured == "placeholders: decision.not_for"


@pytest.mark.parametrize("text", ["a todolist", "a < b > c", "what??", "<b1>", "Not said"])
def test_documented_text_that_only_looks_like_one_passes(empty: Path, text: str) -> None:
    change = ('not_for = "Rating customers."', f'not_for = "Rating, {text} more."')
    result = documented_with(change, card=text)
    assert result.outcome == "pass", result.measured
    assert "all 7 inputs are described" in result.measured


def test_documented_card_and_lists_are_read_too(empty: Path) -> None:
    because = 'because = "everything that takes long at once"'
    result = documented_with((because, 'because = "FIXME ask them"'), card="## Data\nTBD and TODO")
    assert result.measured == (
        "placeholders: expectations.minimum.1.because, model_card.md: TBD, model_card.md: TODO"
    )


@pytest.mark.parametrize("assumed", ['"decision.not_for"', '"decision"'])
def test_documented_assumed_placeholder_is_a_warning(empty: Path, assumed: str) -> None:
    unsaid = ('not_for = "Rating customers."', 'not_for = "TODO ask them"')
    result = documented_with(unsaid, ("assumed = []", f"assumed = [{assumed}]"))
    assert (result.outcome, result.measured) == ("warn", "assumed: decision.not_for")
    other = documented_with_more(unsaid)
    assert other.outcome == "refuse"


def documented_with_more(change: tuple[str, str]) -> Result:
    """Another question is assumed, so this one is open."""
    text = Path("problem/problem.toml").read_text()
    edit((next(line for line in text.splitlines() if line.startswith("assumed")),
          'assumed = ["value"]'))  # fmt: skip
    return documented(context_of())


def test_documented_inputs_without_a_meaning_are_a_warning(empty: Path) -> None:
    write("binary")
    Path("model_card.md").write_text("")
    context = context_of()
    columns = [
        replace(one, meaning={"weight": "", "items": "items"}.get(one.name, one.meaning))
        for one in context.dataset.columns
    ]
    changed = replace(context.dataset, columns=tuple(columns))
    result = documented(replace(context, dataset=changed))
    assert (result.outcome, result.measured) == ("warn", "no description: weight, items")
    assert "data/contract.py" in result.next
