"""Columns that leak the target are refused; nearly perfect scores are warnings."""

import re
import tomllib
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline

from engine.contract.column import Column
from engine.gate.checks.strongest import strongest_inputs
from engine.problem.spec import read
from engine.tests.gate.conftest import Make
from engine.tests.gate.lies import PROBLEM
from engine.training.dataset import gather
from engine.training.suspicion import too_good

EXCLUDED = '[columns.excluded]\narrived_at = "known only after the outcome"\n'


def late(line: str, excluded: str = "[columns.excluded]\n") -> str:
    return f"[columns.known_after]\n{line}\n\n{excluded}"


def test_leakage_input_known_too_late_is_refused(workshop: Make) -> None:
    made = workshop("regression")
    text = late('insured = "when the bill is paid"', EXCLUDED)
    made.edit("problem.toml", EXCLUDED, text, also=PROBLEM)
    leak = made.run("leakage")
    assert leak.outcome == "refuse"
    assert leak.measured == "insured: it is known too late: when the bill is paid"
    # problem.toml declares the column already: the bundle is older.
    assert "[columns.known_after]" not in leak.next
    assert "declares insured already" in leak.next
    assert "train and build again" in leak.next


def test_leakage_rule_known_in_time_is_a_warning(workshop: Make) -> None:
    made = workshop("regression")
    frame = pd.read_parquet("data/raw/orders.parquet")
    frame["insured"] = frame["days"] > frame["days"].median()
    frame.to_parquet("data/raw/orders.parquet")
    refused = made.run("leakage")
    assert refused.outcome == "refuse"
    assert "[columns.known_in_time]" in refused.next
    pasted = refused.next.partition(":\n")[2]
    assert tomllib.loads(pasted) == {"insured": refused.measured.removeprefix("insured: ")}
    why = 'insured = "the tariff is fixed when the order is taken"'
    made.edit(
        "problem.toml", EXCLUDED, f"[columns.known_in_time]\n{why}\n\n{EXCLUDED}", also=PROBLEM
    )
    let = made.run("leakage")
    assert let.outcome == "warn"
    assert let.measured.startswith("insured: it is the target in ranges")
    assert "the tariff is fixed when the order is taken" in let.measured


def test_leakage_single_class_value_is_a_warning(workshop: Make) -> None:
    made = workshop("binary")
    frame = pd.read_parquet("data/raw/orders.parquet")
    recalled = frame["late"] & (np.arange(len(frame)) % 3 > 0)
    frame["carrier"] = frame["carrier"].mask(recalled, "recalled")
    frame.to_parquet("data/raw/orders.parquet")
    finding = made.run("leakage")
    assert finding.outcome == "warn", finding.measured
    assert (
        f"carrier: it is 'recalled' in {recalled.sum()} rows, and all of them" in finding.measured
    )
    assert "[columns.known_after]" in finding.next


def test_leakage_excluded_late_column_passes(workshop: Make) -> None:
    made = workshop("regression")
    text = late('arrived_at = "when the order has arrived"')
    made.edit("problem.toml", EXCLUDED, text, also=PROBLEM)
    assert made.run("leakage").outcome == "pass"


class Equal:
    """A fitted model: whether two columns are equal, and hardly the strength of a third."""

    classes_ = np.array([False, True])

    def predict_proba(self, table: pd.DataFrame) -> "np.ndarray[Any, Any]":
        """Probabilities, shape (n, 2)."""
        one = 0.9 * (table["items"] == table["weight"]) + 0.001 * table["days"]
        return np.column_stack([1 - one, one])


def test_strongest_inputs_rank_by_what_they_give_together(workshop: Make) -> None:
    """Neither of two columns is associated with whether they are equal; a third is, a little."""
    made = workshop("binary")
    dataset = gather(read(), made.schema)
    rng, rows = np.random.default_rng(0), len(dataset.test)
    one, equal = rng.integers(0, 4, rows), rng.random(rows) < 0.5
    days = equal + rng.normal(0, 1.5, rows)
    test = dataset.test.assign(
        items=one, weight=np.where(equal, one, one + rng.integers(1, 4, rows)) % 4, days=days
    )
    test[dataset.problem.target.column] = equal
    columns = [Column("days", "number"), Column("items", "integer"), Column("weight", "integer")]
    changed = replace(dataset, columns=tuple(columns))
    changed.__dict__["test"] = test
    model = Pipeline([("inputs", "passthrough"), ("equal", Equal())])
    assert re.search(r": (items and weight|weight and items) \(", strongest_inputs(changed, model))


@pytest.mark.parametrize(
    ("name", "value", "high", "warned"),
    [
        ("roc_auc", 0.999, 1.0, True),
        ("roc_auc", 0.97, 0.98, False),
        ("roc_auc", 0.90, 1.0, False),  # on few rows, intervals are wide
        ("balanced_accuracy", 0.9667, 1.0, True),
        ("r2", 0.9999, 0.9999, True),
        ("accuracy", 0.999, 1.0, False),  # one class is rare
    ],
)
def test_too_good_only_near_perfect_scores(
    name: str, value: float, high: float, warned: bool
) -> None:
    scores = too_good({name: {"value": value, "low": value, "high": high}})
    assert scores == ([f"{name} {value:.4f}"] if warned else [])
