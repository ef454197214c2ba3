"""What a model rests on: the simple rule in words, the importance of inputs, the learning curve."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from engine.contract.column import Column
from engine.data.split import Rows
from engine.explain.explain import explainer
from engine.pages.formatting import number, percent
from engine.problem.spec import Problem
from engine.training.dataset import SEED, CrossValidationData
from engine.training.evaluate import t_interval
from engine.training.folds import Trial
from engine.training.parallel import parallel_map
from engine.training.shuffle import ShuffledInputs

RARE = "_infrequent_sklearn"  # scikit-learn's feature for rare categories
# Shuffles of each input; and rows, from so many predicted cells. Counts, not a clock: the same data
# gives the same result.
REPEATS, MOST_CELLS, FEWEST_ROWS, MOST_ROWS = 5, 80_000, 100, 2_000
# One row takes some milliseconds, of a large forest a tenth of a second.
MOST_EXPLAINED = 200
# Two shares beside the whole, each a third of the next: together less than half the fits again.
PARTS = (1 / 9, 1 / 3)
FEWEST_IN_PART = 40


@dataclass(frozen=True)
class Importance:
    """The loss of the success metric without an input: mean over shuffles, standard deviation."""

    column: str
    drop: float
    spread: float


@dataclass(frozen=True)
class LearningCurve:
    """The success metric by training rows: the mean over folds and its 95 % t interval.

    `gain` is that of the last step, paired over folds; `verdict` is whether it is more than chance.
    """

    rows: tuple[int, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    gain: float
    verdict: str


def importance(data: CrossValidationData, trial: Trial) -> list[Importance]:
    """Each input's permutation importance (Breiman 2001) on the last fold, the largest first.

    All shuffles of an input are predicted in one call, from features that are computed for all
    inputs together. scikit-learn's `permutation_importance` calls the model once for each shuffle:
    five times as slow where a call takes longer than its rows.
    """
    if trial.last is None:
        return []
    model, rows = trial.last, _sample(data)
    table, outcomes = data.table.iloc[rows], data.outcomes(rows)
    sign = 1.0 if data.metric.higher_is_better else -1.0
    whole = data.metric.compute(outcomes, data.predict(model, rows))
    # One stream of random numbers a column: the order of threads changes nothing.
    streams = [np.random.default_rng([SEED, number]) for number in range(len(table.columns))]
    shuffled = {
        name: table[name].iloc[np.concatenate([rng.permutation(len(rows)) for _ in range(REPEATS)])]
        for name, rng in zip(table.columns, streams, strict=True)
    }
    inputs = ShuffledInputs(
        model[:-1],
        pd.concat([table] * REPEATS, ignore_index=True),
        pd.DataFrame({name: values.array for name, values in shuffled.items()}, copy=False),
    )

    def without(column: str) -> Importance:
        predictions = data.predict_inputs(model[-1], inputs.features([column]))
        scores = [data.metric.compute(outcomes, one) for one in np.split(predictions, REPEATS)]
        drops = [sign * (whole - score) for score in scores]
        return Importance(column, float(np.mean(drops)), float(np.std(drops, ddof=1)))

    results = parallel_map(without, table.columns)
    return sorted(results, key=lambda one: -one.drop)


def _sample(data: CrossValidationData) -> Rows:
    """Validation rows of the last fold, as many as the number of inputs allows."""
    rows = data.folds[-1][1]
    most = int(np.clip(MOST_CELLS / len(data.table.columns) / REPEATS, FEWEST_ROWS, MOST_ROWS))
    if len(rows) <= most:
        return rows
    order = pd.Series(np.random.default_rng(SEED).permutation(len(rows)))
    drawn = order.groupby(0 * order if data.task == "regression" else data.outcomes(rows))
    # Each class by its share, and at least two rows of it: else a metric may not be defined.
    sizes = (drawn.transform("size") * most / len(rows)).clip(lower=2)
    return rows[(drawn.rank() <= sizes).to_numpy()]


def shap_summary(data: CrossValidationData, trial: Trial) -> dict[str, Any] | None:
    """Each input's mean absolute SHAP value on held-out rows of the last fold, the largest first.

    JSON values: `method`, `scale` of the raw output, `rows`, and `inputs` with their `size`, added
    up over the outputs of several classes. None where the model has no exact and fast form.
    """
    if trial.last is None:
        return None
    features = np.asarray(trial.last[:-1].transform(data.table.iloc[_sample(data)]), float)
    made = explainer(trial.last, lambda: features)
    if made is None:
        return None
    rows = features[:MOST_EXPLAINED]
    sizes = sum(np.abs(made.contributions(rows, k)).mean(axis=0) for k in range(len(made.bases)))
    ranked = sorted(zip(made.inputs, np.asarray(sizes).tolist(), strict=True), key=lambda x: -x[1])
    inputs = [{"input": name, "size": size} for name, size in ranked]
    return {"method": made.method, "scale": made.scale, "rows": len(rows), "inputs": inputs}


def learning_curve(data: CrossValidationData, trial: Trial) -> LearningCurve | None:
    """The candidate on shares of the training rows; None where these would hold too few rows.

    Unlike in scikit-learn's `learning_curve`, a part is a share of its fold and holds every class.
    """
    smallest = min(len(train) for train, _ in data.folds)
    shares = [part for part in PARTS if part * smallest >= FEWEST_IN_PART]
    if not shares:
        return None

    def measured(job: tuple[float, tuple[Rows, Rows]]) -> float:
        part, (train, validation) = job
        model = data.fit(trial.candidate.model, _part_of(data, train, part))
        return data.measure(validation, data.predict(model, validation))

    jobs = [(part, fold) for part in shares for fold in data.folds]
    results = np.asarray(list(parallel_map(measured, jobs))).reshape(len(shares), len(data.folds))
    by_size = np.vstack([results, trial.folds])
    sizes = [int(np.mean([part * len(train) for train, _ in data.folds])) for part in (*shares, 1)]
    sign = 1.0 if data.metric.higher_is_better else -1.0
    step = t_interval(sign * (by_size[-1] - by_size[-2]))
    ends = [astuple(t_interval(results)) for results in by_size]
    mean, low, high = zip(*ends, strict=True)
    verdict = "still rising" if step.low > 0 else "flat"
    return LearningCurve(tuple(sizes), mean, low, high, step.value, verdict)


def _part_of(data: CrossValidationData, train: Rows, part: float) -> Rows:
    """A part of a fold's rows: with time the latest, else at random; some of each class."""
    by_time = data.problem.rows.time is not None
    order = train[::-1] if by_time else np.random.default_rng(SEED).permutation(train)
    rows = order[: int(np.ceil(part * len(train)))]
    if data.task != "regression":
        first = np.unique(data.outcomes(order), return_index=True)[1]
        rows = np.concatenate([rows, order[first]])
    return np.unique(rows)


def describe_rule(model: Pipeline, columns: Sequence[Column], problem: Problem) -> str:
    """The decisions of a fitted `rule`: "if weather is storm then late in 62 %; otherwise …"."""
    # A tree of three leaves is a chain: each decision ends in a prediction or leads to the next.
    tree, names = model[-1].tree_, _names(model[0])
    by_name = {column.name: column for column in columns}
    decisions, node = [], 0
    while tree.children_left[node] >= 0:
        left, right = int(tree.children_left[node]), int(tree.children_right[node])
        ends_left = tree.children_left[left] < 0
        leaf, rest = (left, right) if ends_left else (right, left)
        name, threshold = names[tree.feature[node]], float(tree.threshold[node])
        condition = _condition(name, threshold, below=ends_left, columns=by_name)
        decisions.append(f"if {condition} then {_prediction(model, problem, leaf)}")
        node = rest
    last = _prediction(model, problem, node)
    return "; otherwise ".join([*decisions, last]) if decisions else f"always {last}"


def _names(features: ColumnTransformer) -> list[str]:
    """The name of each feature; numbered where a team's transformer gives none."""
    names: list[str] = []
    for title, transformer, columns in features.transformers_:
        if hasattr(transformer, "get_feature_names_out"):
            names += transformer.get_feature_names_out(columns).tolist()
        else:
            position = features.output_indices_[title]
            names += [f"{title} ({i + 1})" for i in range(position.stop - position.start)]
    return names


def _condition(name: str, threshold: float, *, below: bool, columns: dict[str, Column]) -> str:
    if name in columns and columns[name].type == "boolean":
        return f"not {name}" if below else name
    if name not in columns:
        # A feature is named `column_value`; the longest name wins, as names hold underscores too.
        column = max((one for one in columns if name.startswith(f"{one}_")), key=len, default="")
        kind, value = columns[column].type if column else "", name[len(column) + 1 :]
        if kind == "category":
            value = "rare" if name.endswith(RARE) else value
            return f"{column} is {'not ' if below else ''}{value}"
        name = f"{value} of {column}" if kind == "date" else name
    return f"{name} {'≤' if below else '>'} {number(threshold)}"


def _prediction(model: Pipeline, problem: Problem, leaf: int) -> str:
    target, value = problem.target, np.ravel(model[-1].tree_.value[leaf])
    if target.task == "regression":
        return f"{target.column} is {number(float(value[0]))}"
    classes = model.classes_.tolist()
    likeliest = classes[int(value.argmax())] if target.task == "multiclass" else target.positive
    outcome = target.column if likeliest is True else f"{target.column} is {likeliest}"
    return f"{outcome} in {percent(float(value[classes.index(likeliest)]))} of rows"
