"""A bundle of other files, or with other predictions when served, is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pytest
import skops.io

from engine.contract.column import Column
from engine.data import load
from engine.gate.checks import runs_the_same
from engine.tests.gate.conftest import Make
from engine.tests.gate.lies import FEATURES, PROBLEM, Rows, edit_golden, put, types_in
from engine.tests.gate.made import ORDERS, Workshop, reseal

ELSEWHERE: dict[str, Callable[[Workshop], None]] = {
    "easier problem": lambda made: made.edit("problem.toml", "minimum = 1.0", "minimum = 5.0"),
    "other feature code": lambda made: made.edit("code/features.py", "1e30", "1e29"),
    "newer problem": lambda made: _edit(made.root / PROBLEM, "floor = 1.2", "floor = 1.1"),
    "newer feature code": lambda made: _edit(made.root / FEATURES, "1e30", "1e29"),
    "other rows": lambda made: made.edit_json("manifest.json", put("0" * 64, "data_digest")),
    "luckier split": lambda made: made.edit_json("manifest.json", put(7, "seed")),
    "older packages": lambda made: made.edit_json("manifest.json", put([], "requirements")),
    "other module": lambda made: made.edit_json("manifest.json", put("os", "features_module")),
    "other model": lambda made: made.edit_json("manifest.json", put("champion", "name")),
}


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize("what", ELSEWHERE)
def test_current_other_inputs_are_refused(workshop: Make, what: str) -> None:
    made = workshop("regression")
    ELSEWHERE[what](made)
    assert made.refused_by() == {"current"}


def test_current_other_line_ends_pass(workshop: Make) -> None:
    made = workshop("regression")
    for name in (PROBLEM, FEATURES):
        path = made.root / name
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert made.refused_by() == set()


def column(name: str, **values: Any) -> Callable[[Any], None]:
    """A change of a column in contract.json."""
    return lambda value: next(one for one in value["inputs"] if one["name"] == name).update(values)


OTHER_CONTRACTS: dict[str, Callable[[Any], Any]] = {
    "no upper end": column("weight", maximum=None),
    "a wider range": column("items", maximum=100),
    "a narrower range": column("items", maximum=3),
    "may be missing": column("items", nullable=True),
    "may not be missing": column("weight", nullable=False),
    "open": column("shop", closed=False),
    "one shop less": column("shop", categories=["north"]),
    "another type": column("fragile", type="category"),
    "an input less": lambda value: value["inputs"].pop(),
    "in another order": lambda value: value["inputs"].reverse(),
    "another meaning": column("weight", meaning="length"),
    "another task": put("binary", "task"),
    "other outputs": put([], "outputs"),
}


@pytest.mark.parametrize("what", OTHER_CONTRACTS)
def test_contract_other_than_the_data_is_refused(workshop: Make, what: str) -> None:
    made = workshop("regression")
    made.edit_json("contract.json", OTHER_CONTRACTS[what])
    assert made.run("contract").outcome == "refuse"


def test_contract_changed_after_training_is_refused(workshop: Make) -> None:
    made = workshop("regression")
    wider = ORDERS.update_column("weight", checks=[pa.Check.in_range(0, 4000)])
    assert Workshop(made.root, wider, made.bundle).run("contract").outcome == "refuse"


def test_contract_rule_that_only_warns_is_refused(workshop: Make) -> None:
    made = workshop("regression")
    warns = pa.Check.in_range(0, 40, raise_warning=True)
    loose = Workshop(made.root, ORDERS.update_column("weight", checks=[warns]), made.bundle)
    assert "weight above its range (training)" in loose.run("contract").measured


def test_contract_rules_of_many_columns_are_tried_in_few_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One row for each kind of fault, whatever the number of columns; a loose rule is named."""
    calls = list[int]()

    def counted(table: pd.DataFrame, schema: pa.DataFrameSchema) -> Any:
        calls.append(len(schema.columns))
        return load.validate(table, schema)

    monkeypatch.setattr(runs_the_same, "validate", counted)
    columns = [Column(f"x{i}", "number", minimum=0.0, maximum=1.0) for i in range(60)]
    columns += [Column(f"n{i}", "integer", minimum=-(2.0**63), maximum=5.0) for i in range(3)]
    rules = {
        one.name: pa.Column(
            int if one.type == "integer" else float, pa.Check.in_range(one.minimum, one.maximum)
        )
        for one in columns
    }
    rules["x7"] = pa.Column(float, pa.Check.in_range(0, 1, raise_warning=True))
    rules["x8"] = pa.Column(float, pa.Check.in_range(0, 1), nullable=True)
    with pytest.warns(pa.errors.SchemaWarning):
        accepted = [*runs_the_same.accepted_in_training(rules, columns)]
    assert sorted(accepted) == [
        "x7 above its range (training)",
        "x7 below its range (training)",
        "x8 missing (training)",
    ]
    assert len(calls) <= 9


def test_contract_faults_of_many_columns_are_few_rows() -> None:
    columns = [Column(f"x{i}", "number", minimum=0.0) for i in range(60)]
    columns += [Column(f"w{i}", "category", nullable=True) for i in range(60)]
    faults = runs_the_same.malformed(columns)
    assert len(faults) <= 10
    assert all({f"x{i}", f"w{i}"} <= faults["as a list"].keys() for i in range(60))
    assert all("x" in name for name in (*faults["missing"], *faults["below its range"]))


def test_contract_number_without_a_range_is_a_warning(workshop: Make) -> None:
    made = workshop("regression")
    unbounded = Workshop(made.root, ORDERS.update_column("weight", checks=[]), made.bundle)
    made.edit_json("contract.json", column("weight", minimum=None, maximum=None))
    result = unbounded.run("contract")
    assert result.outcome == "warn"
    assert "no range: weight" in result.measured


def _without_edges(rows: Rows) -> None:
    rows[:] = [row for row in rows if row["kind"] == "typical"]


OTHER_ANSWERS: dict[str, Callable[[Rows], object]] = {
    "an answer changed": put(123.0, 3, "answer", "score"),
    "a row changed": put(19, 3, "row", "items"),
    "a row less": lambda rows: rows.pop(),
    "no edges": _without_edges,
    "no rows": lambda rows: rows.clear(),
    "edges called typical": put("typical", -1, "kind"),
}


@pytest.mark.parametrize("what", OTHER_ANSWERS)
def test_parity_other_golden_rows_are_refused(workshop: Make, what: str) -> None:
    made = workshop("regression")
    edit_golden(made, OTHER_ANSWERS[what])
    assert made.refused_by() == {"parity"}


def test_parity_feature_code_that_differs_when_served_is_refused(workshop: Make) -> None:
    made = workshop("regression")
    twist = "LARGEST = 1e30 if __name__.startswith('poc') else 3.0"
    made.edit("code/features.py", "LARGEST = 1e30", twist, also=FEATURES)
    finding = made.run("parity")
    assert finding.outcome == "refuse"
    assert "golden row" in finding.measured


def test_parity_other_model_is_refused(workshop: Make) -> None:
    made = workshop("regression")
    model = skops.io.load(path := made.bundle / "model/model.skops", trusted=types_in(path))
    predictor = model[-1]
    if hasattr(predictor, "coef_"):
        predictor.coef_ = predictor.coef_ * 1.01
    else:
        predictor._baseline_prediction = predictor._baseline_prediction + 0.01
    skops.io.dump(model, path)
    reseal(made.bundle)
    assert made.refused_by() == {"evaluation", "parity"}
