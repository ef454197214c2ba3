"""Prints the time of one row's SHAP values: `python -m engine.tests.explain.speed`."""

import time

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from engine.explain.explain import explainer

ROWS, FEATURES, REPEATS = 5_000, 20, 20
MODELS = {
    "logistic regression": LogisticRegression(),
    "150 boosted trees of 8 leaves": HistGradientBoostingClassifier(
        max_iter=150, max_leaf_nodes=8, early_stopping=False
    ),
    "200 boosted trees of 31 leaves": HistGradientBoostingClassifier(
        max_iter=200, early_stopping=False
    ),
    "a forest of 100 trees, 6 levels": RandomForestClassifier(100, max_depth=6),
}


def main() -> None:
    """Fit each model on random rows, and print the milliseconds of processor time for one row."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(ROWS, FEATURES))
    target = rows[:, 0] + rows[:, 1] * rows[:, 2] + rng.normal(size=ROWS) > 0
    for name, model in MODELS.items():
        first = ColumnTransformer([("all", "passthrough", list(range(FEATURES)))])
        pipeline = make_pipeline(first, model).fit(rows, target)
        made = explainer(pipeline, lambda: rows)
        if made is None:
            print(f"{name:32} not explained by SHAP values: too large")
            continue
        began = time.process_time()
        made.contributions(rows[:REPEATS])
        print(f"{name:32} {1000 * (time.process_time() - began) / REPEATS:.2f} ms")


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
