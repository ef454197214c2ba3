"""The inputs that a nearly perfect score rests on together."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from engine.eda.associations import correlated
from engine.pages.formatting import percent
from engine.problem.metrics import METRICS
from engine.problem.spec import Task
from engine.training.dataset import SEED, Dataset
from engine.training.evaluate import predict, targets_of
from engine.training.shuffle import ShuffledInputs

# Rows that are predicted, shuffles of each group of inputs, and groups that are named at most.
ROWS, REPEATS, MOST = 2_000, 3, 5
# Groups are added until they keep so much of what the whole model is better than chance.
ENOUGH = 0.9
RANKED_BY: dict[Task, str] = {
    "binary": "roc_auc", "multiclass": "balanced_accuracy", "regression": "r2"
}  # fmt: skip


def strongest_inputs(dataset: Dataset, model: Pipeline) -> str:
    """The fewest inputs on which the score of the fitted model rests, and how much they keep.

    Ranked by grouped permutation importance (Breiman 2001; Gregorutti, Michel, Saint-Pierre 2015):
    the loss of score on test rows where a group is shuffled. So an input counts that is strong only
    beside another. Strongly correlated inputs are one group: else one stands in for the other.
    """
    rows = _sample(dataset)
    table, problem = dataset.inputs(rows), dataset.problem
    targets = targets_of(problem, rows, dataset.targets.classes)
    metric = METRICS[RANKED_BY[problem.target.task]]

    orders = [
        np.random.default_rng([SEED, seed]).permutation(len(table)) for seed in range(REPEATS)
    ]
    inputs = ShuffledInputs(
        model[:-1],
        pd.concat([table] * REPEATS, ignore_index=True),
        table.iloc[np.concatenate(orders)].reset_index(drop=True),
    )

    def score(shuffled: Sequence[str]) -> float:
        """The mean score where these inputs are shuffled, all by the same order of rows."""
        features = inputs.features(shuffled)
        scores = predict(model[-1], features, problem.target.task, targets.classes)
        values = [metric.compute(targets.values, one) for one in np.split(scores, REPEATS)]
        return float(np.mean(values))

    groups, every = _groups(dataset, rows), [*table.columns]
    chance, chosen, share = score(every), list[str](), 0.0
    above_chance = score(()) - chance
    for group in sorted(groups, key=score)[:MOST]:
        chosen += group
        share = (score([name for name in every if name not in chosen]) - chance) / above_chance
        if share >= ENOUGH:
            break
    together = f"together they keep {percent(share)} of the score above chance"
    return f"strongest inputs: {' and '.join(chosen)} ({together})"


def _sample(dataset: Dataset) -> pd.DataFrame:
    """Test rows; of many, the same share of each class."""
    test, target = dataset.test, dataset.problem.target
    if len(test) <= ROWS:
        return test
    if target.task == "regression":
        return test.sample(ROWS, random_state=SEED)
    # As many rows of a rare class: none of the metrics depends on how many there are.
    most = ROWS // len(dataset.targets.classes)
    return test.sample(frac=1, random_state=SEED).groupby(target.column).head(most)


def _groups(dataset: Dataset, rows: pd.DataFrame) -> list[list[str]]:
    """The inputs, those together that are strongly correlated with one another."""
    group = {column.name: [column.name] for column in dataset.columns}
    for pair in correlated(dataset.columns, rows):
        one, other = group[pair.first], group[pair.second]
        if one is not other:
            one += other
            group |= dict.fromkeys(other, one)
    return list({id(one): one for one in group.values()}.values())
