"""Spellings of one value are named, and a refusal for a rare class shows the way out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.adopt.adopt import adopt
from engine.adopt.spellings import respelled
from engine.problem.errors import BadInput
from engine.tests.data.made import csv, table

SAME = (["Churned", "churned"], ["e-mail", "Email"], ["New York", "New  York", "new_york"],
        ["München", "Munchen"])  # fmt: skip
OTHERS = (["A+", "A-", "A"], ["v1.1", "v11"], ["1", "01"], ["C", "C++"], ["+1", "-1"], ["x", "y"])


@pytest.mark.parametrize("texts", SAME)
def test_spellings_of_one_value_are_named(texts: list[str]) -> None:
    assert all(repr(text) in respelled([*texts, "other"]) for text in texts)


@pytest.mark.parametrize("texts", OTHERS)
def test_values_that_are_no_spellings_are_not_named(texts: list[str]) -> None:
    assert not respelled(texts)


def test_spellings_of_a_class_and_of_an_input_are_noted(project: Path) -> None:
    rows = table(240).assign(
        late=["Late", "late", "on time"] * 80, colour=["Red", "red", "blue"] * 80
    )
    adoption = adopt(csv(rows, project.parent / "t.csv"), "late")
    notes = [note for note in adoption.notes if "by case" in note]
    assert ["'Late' and 'late'" in note for note in notes] == [True, False]
    assert "'Red' and 'red'" in notes[1]


def test_a_rare_class_offers_regression_for_a_number_only(project: Path) -> None:
    grades = np.repeat([4, 5, 6, 7, 9], [20, 30, 30, 35, 5])
    for late, offered in ((grades, True), (pd.Series(grades).map("grade {}".format), False)):
        with pytest.raises(BadInput) as refusal:
            adopt(csv(table().assign(late=late), project.parent / "t.csv"), "late")
        assert refusal.value.code == "rare-class"
        assert ("--task regression" in str(refusal.value)) == offered


def test_a_rare_spelling_of_a_class_is_named(project: Path) -> None:
    late = ["late", "on time"] * 59 + ["On time", "late"]
    with pytest.raises(BadInput, match="'On time' and 'on time'") as refusal:
        adopt(csv(table().assign(late=late), project.parent / "t.csv"), "late")
    assert refusal.value.code == "rare-class"
