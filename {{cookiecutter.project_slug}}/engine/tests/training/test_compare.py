"""Two recorded runs are compared by their own predictions; wrong runs are refused with a code."""

from pathlib import Path

import pytest

from engine.problem.metrics import Interval
from engine.tests.training.made import problem, refused
from engine.tests.training.training import fetch_run, schema, table, train_here
from engine.training.compare import _independent, compared, feature_code_difference
from engine.training.record.runs import latest_run, recorded
from engine.training.record.tracking import connect, mlflow, rehearsal

SLICES = 'slices = [{ column = "word", floor = 0.9 }]'
SPEC = problem("binary", slices=SLICES)


def test_compare_runs_on_the_same_rows_is_paired(here: Path) -> None:
    frame = table("binary")
    first = train_here(SPEC, frame)
    features = Path("poc/features.py")
    features.write_text(features.read_text() + "# a remark\n")
    second = train_here(SPEC, frame.assign(number=0.0))
    runs = [recorded(one.run_id, SPEC) for one in (first, second)]
    rows = {name.partition(" (")[0]: cells for name, *cells in compared(SPEC, *runs)}
    sign = -1  # the Brier score is better when it is lower
    loss = sign * (second.data.metric.compute(second.outcome, second.predictions)
                   - first.data.metric.compute(first.outcome, first.predictions))  # fmt: skip
    assert float(rows["brier_score"][2].split()[0]) == pytest.approx(loss, rel=1e-3)
    assert "paired" in compared(SPEC, *runs)[0][0]
    assert {"word = a", "word = b", "word = c"} <= set(rows)
    earned = [one.metadata["value"]["per_1000_rows"] for one in (first, second)]
    assert float(rows["EUR for 1,000 rows"][2].split()[0]) == pytest.approx(
        earned[1] - earned[0], rel=1e-3
    )
    assert rows["candidate"] == [first.chosen, second.chosen, rows["candidate"][2]]
    assert "+# a remark" in feature_code_difference(*runs)
    same = {name: cells for name, *cells in compared(SPEC, runs[0], runs[0])}
    assert same["brier_score (paired)"][2] == "+0 (+0 to +0)"
    assert feature_code_difference(runs[0], runs[0]) == []


def test_compare_runs_on_other_rows_is_not_paired(here: Path) -> None:
    runs = [recorded(train_here(SPEC, table("binary", seed=seed)).run_id, SPEC) for seed in (0, 1)]
    assert "not paired" in compared(SPEC, *runs)[0][0]


def test_independent_difference_equals_the_sum_of_squares() -> None:
    one, other = Interval(1.0, 0.7, 1.3), Interval(3.0, 2.6, 3.4)
    made = _independent([one, other], 1)
    assert (made.low, made.value, made.high) == pytest.approx((1.5, 2.0, 2.5))
    turned = _independent([one, other], -1)
    assert (turned.low, turned.high) == pytest.approx((-2.5, -1.5))


def test_recorded_refuses_runs_that_are_none_or_of_another_problem(here: Path) -> None:
    run = train_here(SPEC, table("binary"))
    with refused("no-such-run"):
        recorded("0" * 32, SPEC)
    decision = SPEC.decision.model_copy(update={"name": "another"})
    with refused("other-problem", run.run_id):
        recorded(run.run_id, SPEC.model_copy(update={"decision": decision}))
    target = SPEC.target.model_copy(update={"positive": False})
    with refused("other-problem"):
        recorded(run.run_id, SPEC.model_copy(update={"target": target}))
    failed = mlflow.MlflowClient().create_run(connect(SPEC.decision.name))
    with refused("no-such-run"):
        recorded(failed.info.run_id, SPEC)


def test_rehearsals_are_no_runs_of_the_problem(here: Path) -> None:
    real = train_here(SPEC, table("binary"))
    assert fetch_run(real).count_test_evaluation() >= 1
    with rehearsal():
        practice = train_here(SPEC, table("binary"))
        assert fetch_run(practice).count_test_evaluation() == 1
        assert latest_run(SPEC, schema(bool)).run_id == practice.run_id
    assert latest_run(SPEC, schema(bool)).run_id == real.run_id
    assert fetch_run(real).count_test_evaluation() == fetch_run(real).test_evaluations
    assert recorded(practice.run_id, SPEC).run_id == practice.run_id


def test_test_evaluations_are_counted_beyond_a_new_name_and_a_deletion(here: Path) -> None:
    frame = table("binary", seed=9)
    first = train_here(SPEC, frame)
    number = fetch_run(first).count_test_evaluation()
    mlflow.MlflowClient().delete_run(first.run_id)
    decision = SPEC.decision.model_copy(update={"name": "renamed"})
    second = train_here(SPEC.model_copy(update={"decision": decision}), frame)
    assert fetch_run(second).count_test_evaluation() == number + 1
