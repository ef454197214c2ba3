"""A model that fails on rows which the contract allows is refused."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.contract.column import Column
from engine.data.edges import MOST_EDGE_ROWS, all_edges
from engine.gate.checks.runs_the_same import Row, edge_rows, score_faults
from engine.problem.metrics import Array
from engine.tests.gate.conftest import Make
from engine.tests.gate.lies import FEATURES

COLUMNS = (
    Column("weight", "number", nullable=True, minimum=0.0, maximum=40.0),
    Column("items", "integer", minimum=1, maximum=20),
    Column("days", "integer"),
    Column("carrier", "category", categories=("red", "blue")),
    Column("shop", "category", categories=("north", "south"), closed=True),
    Column("fragile", "boolean"),
    Column("at", "date"),
)
BASE: Row = {"weight": 3.0, "items": 2, "days": 9, "carrier": "red", "shop": "north",
             "fragile": True, "at": "2026-01-01"}  # fmt: skip
CASES = [("as usual", BASE), *edge_rows(BASE, COLUMNS)]


def chances(positive: Any) -> Array:
    """Probabilities of no and yes."""
    yes = np.asarray(positive, dtype=float)
    return np.column_stack([1 - yes, yes])


def weights(rows: Sequence[Row]) -> Array:
    return np.array([0.0 if row["weight"] is None else row["weight"] for row in rows])


def sound(rows: Sequence[Row]) -> Array:
    return chances(weights(rows) / 80)


def crashes(rows: Sequence[Row]) -> Array:
    return chances([{"red": 0.1, "blue": 0.2}[row["carrier"]] for row in rows])


def is_lost(rows: Sequence[Row]) -> Array:
    return chances([np.nan if row["weight"] is None else 0.5 for row in rows])


def is_infinite(rows: Sequence[Row]) -> Array:
    return chances([np.inf if abs(row["days"]) > 1e9 else 0.5 for row in rows])


def is_no_probability(rows: Sequence[Row]) -> Array:
    return chances(weights(rows) / 30)


def does_not_add_up(rows: Sequence[Row]) -> Array:
    return sound(rows) / 2


def looks_around(rows: Sequence[Row]) -> Array:
    """Scaled by the other rows of the batch."""
    return chances(weights(rows) / (80 + weights(rows).max()))


def counts_along(rows: Sequence[Row]) -> Array:
    """The score depends on the place in the batch."""
    return chances((weights(rows) + np.arange(len(rows)) * 1e-3) / 80)


UNSOUND: dict[str, tuple[Callable[[Sequence[Row]], Array], str]] = {
    "crashes": (crashes, "carrier unseen fails: KeyError"),
    "is lost": (is_lost, "weight missing: the score is not finite"),
    "is infinite": (is_infinite, "days at its maximum: the score is not finite"),
    "is no probability": (
        is_no_probability,
        "weight at its maximum: a probability is outside 0 to 1",
    ),
    "does not add up": (does_not_add_up, "do not sum to 1"),
    "looks around": (looks_around, "has another score alone"),
    "counts along": (counts_along, "has another score in a batch of another order"),
}


@pytest.mark.parametrize("what", UNSOUND)
def test_robust_unsound_scores_are_faults(what: str) -> None:
    scores, words = UNSOUND[what]
    assert any(words in fault for fault in score_faults(scores, CASES, "binary"))


def test_robust_sound_scores_have_no_faults(workshop: Make) -> None:
    assert score_faults(sound, CASES, "binary") == []


def test_robust_edge_rows_cover_every_input() -> None:
    names = {what for what, _ in CASES}
    assert {"weight missing", "weight at its maximum", "items near its minimum", "carrier unseen",
            "carrier empty", "shop = south", "fragile false", "at far ahead"} <= names  # fmt: skip
    assert "all nullable inputs missing" in names
    assert not {"shop unseen", "items missing"} & names
    values = {what: row[what.split()[0]] for what, row in CASES[1:-1]}
    assert values["items near its maximum"] == 19
    assert 0 < values["weight near its minimum"] < 1e-300
    assert values["weight near its maximum"] < 40.0


def test_robust_edge_rows_of_a_wide_table_hold_every_edge_in_few_rows() -> None:
    """A thousand inputs have ten thousand edges: several in a row, none covered by another."""
    values = tuple(f"v{i}" for i in range(30))
    wide = tuple(
        replace(column, name=f"{column.name} {i}") for column in COLUMNS for i in range(50)
    )
    wide += tuple(Column(f"word {i}", "category", categories=values) for i in range(650))
    base: Row = {column.name: None for column in wide}
    rows = [row for _, row in edge_rows(base, wide)]
    assert len(rows) <= MOST_EDGE_ROWS + 1
    for column in wide:
        held = [row[column.name] for row in rows[:-1] if row[column.name] is not None]
        edges = [edge.value for edge in all_edges(column) if edge.value is not None]
        assert sorted(map(repr, held)) == sorted(map(repr, edges))


def test_robust_more_values_than_rows_are_all_held() -> None:
    values = tuple(f"v{i}" for i in range(MOST_EDGE_ROWS + 5))
    one = Column("word", "category", categories=values)
    held = [row["word"] for _, row in edge_rows({"word": "v0"}, (one,))]
    assert set(values) <= set(held)


def test_robust_feature_code_using_the_batch_is_refused(workshop: Make) -> None:
    made = workshop("regression")
    line = "made[:, place] = 0.0 if self.empty_[place] else values"
    made.edit("code/features.py", line, f"{line} + (len(frame) > 1)", also=FEATURES)
    finding = made.run("robust")
    assert finding.outcome == "refuse"
    assert "has another score alone" in finding.measured
