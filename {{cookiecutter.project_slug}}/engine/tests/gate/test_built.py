"""The checks on a bundle that was built of a model which took no training run: in a second."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandera.pandas as pa
import pytest
import skops.io

from engine.bundle.build import write as build_bundle
from engine.bundle.bundle import Bundle
from engine.gate.checks import runs_the_same
from engine.gate.checks.check import CheckContext
from engine.gate.checks.honest import evaluation
from engine.gate.checks.reproducible import _replay_golden
from engine.gate.checks.runs_the_same import contract, current, parity, robust
from engine.problem.spec import PROBLEM_FILE, Task, read
from engine.tests.bundle.untrained import run
from engine.tests.gate.made import MODEL
from engine.tests.gate.untrained import write
from engine.training.dataset import SEED, gather
from engine.training.record.runs import FEATURES_FILE

TASKS: list[Task] = ["binary", "multiclass", "regression"]


def built(task: Task) -> CheckContext:
    """A bundle of the working directory's project, and what the gate knows of both."""
    write(task)
    made, dataset, _ = run(task, seed=SEED)
    bundle = build_bundle(made, MODEL, Path("out"), lambda _: None)
    return CheckContext(bundle, MODEL, dataset)


@pytest.mark.parametrize("task", TASKS)
def test_checks_of_the_same_numbers_pass_a_bundle_as_it_was_built(empty: Path, task: Task) -> None:
    context = built(task)
    test, golden = len(context.dataset.test), len(context.bundle.golden())
    results = {one: one(context) for one in (current, evaluation, parity, contract, robust)}
    assert {one.outcome for one in results.values()} == {"pass"}, results
    assert {one.next for one in results.values()} == {""}
    assert "900 rows" in results[current].measured
    total = test + golden
    assert results[parity].measured == f"{total} of {total} predictions equal"
    assert " malformed values rejected" in results[contract].measured
    count = int(results[contract].measured.split()[0])
    assert count > 3 * len(context.dataset.columns)
    assert "100 rows" not in results[robust].measured
    assert _replay_golden(context, context.bundle.model_path) == []


def test_parity_compares_as_many_test_rows_as_it_states(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = built("binary")
    monkeypatch.setattr(runs_the_same, "COMPARED", 7)
    golden = len(context.bundle.golden())
    assert parity(context).measured.startswith(f"{7 + golden} of {7 + golden} ")


def test_parity_row_with_another_prediction_is_named(empty: Path) -> None:
    context = built("binary")
    predict, sent = context.predictor.predict, list[Any]()

    def other(rows: list[Any]) -> list[Any]:
        answers = predict(rows)
        if len(rows) > 1:
            sent.extend(rows)
            answers[3] = answers[3] | {"score": answers[3]["score"] + 1e-4}
        return answers

    context.__dict__["predictor"] = SimpleNamespace(predict=other, bundle=context.bundle)
    result = parity(context)
    assert (result.outcome, result.measured) == ("refuse", "test row 3 has another prediction")
    assert result.next
    assert len(sent) == len(context.dataset.test)


def test_parity_other_golden_rows_are_refused(empty: Path) -> None:
    context = built("binary")
    lines = context.bundle.golden()
    lines[4]["answer"]["score"] += 0.01
    fake = replace(context.bundle)
    object.__setattr__(fake, "golden", lambda: lines)
    result = parity(replace(context, bundle=fake))
    assert result.outcome == "refuse"
    assert result.measured.startswith("golden row 5 answer score is ")
    assert result.next


def test_replay_golden_names_the_rows_of_another_model(empty: Path) -> None:
    context = built("regression")
    model = context.model
    model[-1].intercept_ = model[-1].intercept_ + 0.5
    skops.io.dump(model, "other.skops")
    differ = _replay_golden(context, Path("other.skops"))
    assert len(differ) == len(context.bundle.golden())
    assert differ[0].startswith("golden row 1 score is ")


def changed(bundle: Bundle, **changes: Any) -> Bundle:
    return replace(bundle, manifest=bundle.manifest | changes)


@pytest.mark.parametrize("key", ["name", "seed", "features_module", "data_digest", "requirements"])
def test_current_each_fact_of_the_manifest_counts(empty: Path, key: str) -> None:
    context = built("regression")
    for value in ("another", None):
        other = replace(context, bundle=changed(context.bundle, **{key: value}))
        result = current(other)
        assert result.outcome == "refuse"
        assert result.measured.startswith(f"manifest.json {key} is ")
        assert result.next


@pytest.mark.parametrize("path", [PROBLEM_FILE, FEATURES_FILE], ids=str)
def test_current_other_files_are_refused_but_not_other_line_ends(empty: Path, path: Path) -> None:
    context = built("regression")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert current(context).outcome == "pass"
    path.write_bytes(path.read_bytes() + b"# \xff\n")
    result = current(context)
    assert result.outcome == "refuse"
    assert result.measured.endswith(f"differs from {path}")


def test_contract_other_than_the_bundles_is_refused(empty: Path) -> None:
    context = built("regression")
    inputs = context.bundle.contract.inputs
    for other in (inputs[::-1], inputs[1:], (replace(inputs[0], meaning="m"), *inputs[1:])):
        bundle = replace(context.bundle, contract=replace(context.bundle.contract, inputs=other))
        result = contract(replace(context, bundle=bundle))
        assert result.outcome == "refuse"
        assert result.measured.startswith("contract.json inputs")
        assert result.next


def test_contract_rows_that_the_server_accepts_are_refused(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = built("regression")
    careless = SimpleNamespace(adapters={"Row": SimpleNamespace(validate_json=lambda _: None)})
    monkeypatch.setattr(runs_the_same, "schema_of", lambda *_: careless)
    result = contract(context)
    assert result.outcome == "refuse"
    assert result.measured.startswith("accepted as valid: no such field as an unknown field; ")
    assert " more" in result.measured
    assert "data/contract.py" in result.next


def test_contract_values_that_training_accepts_are_refused(empty: Path) -> None:
    context = built("regression")
    loose = MODEL.contract.update_column(
        "weight", checks=[pa.Check.in_range(0, 40, raise_warning=True)]
    )
    result = contract(replace(context, definition=replace(MODEL, contract=loose)))
    assert result.outcome == "refuse"
    assert "weight below its range (training)" in result.measured
    assert "weight above its range (training)" in result.measured


def test_contract_numbers_without_a_range_are_a_warning(empty: Path) -> None:
    write("regression")
    checks: dict[str, Any] = {"weight": pa.Check.ge(0), "items": pa.Check.le(20)}
    schema = MODEL.contract
    for name, rule in checks.items():
        schema = schema.update_column(name, checks=[rule])
    definition = replace(MODEL, contract=schema)
    made, _, _ = run("regression", seed=SEED)
    bundle = build_bundle(made, definition, Path("out"), lambda _: None)
    result = contract(CheckContext(bundle, definition, gather(read(), schema)))
    assert result.outcome == "warn"
    assert result.measured.endswith("; no range: weight, items")
    assert "pa.Check.in_range" in result.next
