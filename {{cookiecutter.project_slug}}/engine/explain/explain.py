"""Explains the outputs of a fitted model by SHAP values, where these have an exact and fast form.

Trees: `engine.explain.trees`. Linear models: coefficient times distance from the mean, which is the
Shapley value if features are taken as independent (Lundberg and Lee 2017, corollary 1). The values
are on the scale of the model's raw output: a calibrator, a sigmoid or a softmax comes after it.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn import linear_model, preprocessing
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from engine.explain.trees import Forest, of_boosted, of_tree

Floats = NDArray[np.float64]
Scale = Literal["log-odds", "probability", "value"]

_BOOSTED = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)
_TREES = (DecisionTreeClassifier, DecisionTreeRegressor)
_FORESTS = (
    *(RandomForestClassifier, RandomForestRegressor),
    *(ExtraTreesClassifier, ExtraTreesRegressor),
)
_LINEAR = (
    *(linear_model.LogisticRegression, linear_model.LinearRegression, linear_model.Ridge),
    *(linear_model.Lasso, linear_model.ElasticNet),
)
_ONE_TO_ONE = (
    *(preprocessing.StandardScaler, preprocessing.MinMaxScaler, preprocessing.MaxAbsScaler),
    *(preprocessing.RobustScaler, preprocessing.OrdinalEncoder),
)


@dataclass(frozen=True)
class Explainer:
    """SHAP values of a fitted pipeline's last step, added up for each input.

    `bases` are the outputs without any known feature, one for each output of the model: a value,
    or one for each class (two classes: that of the second one alone).
    """

    method: str
    scale: Scale
    inputs: tuple[str, ...]
    bases: tuple[float, ...]
    _outputs: tuple[Callable[[Floats], Floats], ...]
    _positions: NDArray[np.intp]

    def contributions(self, features: Floats, output: int = 0) -> Floats:
        """The part of each of `inputs` in an output: (rows, inputs), of (rows, features).

        With the base they sum to the raw output.
        """
        by_feature = self._outputs[output](np.asarray(features, float))
        made = np.zeros((len(features), len(self.inputs)))
        np.add.at(made.T, self._positions, by_feature.T)
        return made


def explainer(model: Any, background: Callable[[], Floats]) -> Explainer | None:
    """The explainer of a fitted pipeline of features and a model; None where there is none.

    `background` gives features (rows, features) of usual rows; a linear model is compared with
    their mean.
    """
    if not isinstance(model, Pipeline) or len(model) != 2:  # e.g. a selection of features
        return None
    if not isinstance(model[0], ColumnTransformer):
        return None
    last = model[-1]
    if isinstance(last, CalibratedClassifierCV):
        if len(last.calibrated_classifiers_) != 1:
            return None
        last = last.calibrated_classifiers_[0].estimator
    labels = feature_inputs(model[0])
    inputs = tuple(dict.fromkeys(labels))
    positions = np.array([inputs.index(label) for label in labels], np.intp)
    made = _linear(last, background) if isinstance(last, _LINEAR) else _trees(last)
    if made is None:
        return None
    method, scale, bases, outputs = made
    return Explainer(method, scale, inputs, tuple(bases), tuple(outputs), positions)


_Made = tuple[str, Scale, list[float], list[Callable[[Floats], Floats]]]


def _linear(model: Any, background: Callable[[], Floats]) -> _Made | None:
    coefficients = np.atleast_2d(np.asarray(model.coef_, float))
    mean = background().mean(axis=0)
    intercepts = np.broadcast_to(np.ravel(model.intercept_), len(coefficients))
    bases = [float(mean @ one + b) for one, b in zip(coefficients, intercepts, strict=True)]

    def contributions(one: Floats) -> Callable[[Floats], Floats]:
        return lambda features: (features - mean) * one

    scale: Scale = "log-odds" if hasattr(model, "classes_") else "value"
    return "linear SHAP", scale, bases, [contributions(one) for one in coefficients]


def _trees(model: Any) -> _Made | None:
    is_class = hasattr(model, "classes_")
    scale: Scale = "value"
    try:
        if isinstance(model, _BOOSTED):
            scale = "log-odds" if is_class else "value"
            forests = _boosted(model)
        elif isinstance(model, (*_TREES, *_FORESTS)):
            scale = "probability" if is_class else "value"
            members = model.estimators_ if isinstance(model, _FORESTS) else [model]
            classes = len(model.classes_) if is_class else 1
            # Of two classes, the second.
            wanted = [1] if is_class and classes == 2 else range(classes)
            forests = [
                Forest([of_tree(one, k, 1 / len(members)) for one in members], 0.0, single=True)
                for k in wanted
            ]
        else:
            return None
    except (AttributeError, IndexError, ValueError):  # too large, or another version's attributes
        return None
    preprocess, order = _categories_first(model)

    def contributions(forest: Forest) -> Callable[[Floats], Floats]:
        return lambda features: forest.contributions(preprocess(features))[:, order]

    outputs = [contributions(forest) for forest in forests]
    return "tree SHAP", scale, [forest.base for forest in forests], outputs


def _boosted(model: Any) -> list[Forest]:
    if isinstance(model, HistGradientBoostingRegressor) and model.loss not in (
        *("squared_error", "absolute_error", "quantile"),
    ):
        raise ValueError("its raw output is a logarithm")
    bases = np.ravel(model._baseline_prediction)
    return [
        Forest([of_boosted(trees[k]) for trees in model._predictors], float(base), single=False)
        for k, base in enumerate(bases)
    ]


def _categories_first(model: Any) -> tuple[Callable[[Floats], Floats], Any]:
    """What boosting does to its features first: native categories encoded, and put in front."""
    if getattr(model, "_preprocessor", None) is None:
        return (lambda features: features), slice(None)
    categorical = np.asarray(model.is_categorical_, bool)
    order = np.argsort(np.concatenate([np.flatnonzero(categorical), np.flatnonzero(~categorical)]))
    return (lambda features: model._preprocess_X(features, reset=False)), order


def feature_inputs(first: ColumnTransformer) -> list[str]:
    """The input of each feature; the feature's own name if it is made of several inputs."""
    labels: list[str] = []
    for title, transformer, columns in first.transformers_:
        place = first.output_indices_[title]
        width, names = place.stop - place.start, list(map(str, columns))
        steps = list(transformer) if isinstance(transformer, Pipeline) else [transformer]
        for step in steps if width else ():
            names = _through(step, names)
        if len(names) != width:
            alone = len(columns) == 1
            names = [str(columns[0]) if alone else f"{title} ({i + 1})" for i in range(width)]
        labels += names
    return labels


def _through(step: Any, names: Sequence[str]) -> list[str]:
    """The input of each feature that a step makes of features of these inputs."""
    if isinstance(step, preprocessing.OneHotEncoder):
        pairs = zip(names, step._n_features_outs, strict=True)
        return [name for name, many in pairs for _ in range(many)]
    if isinstance(step, SimpleImputer):
        indicated = step.indicator_.features_.tolist() if step.add_indicator else []
        return [*names, *(names[i] for i in indicated)]
    if isinstance(step, (str, *_ONE_TO_ONE)):
        return list(names)
    made: list[str] = []
    with suppress(Exception):  # a step of the team's own may have no names, or fail without some
        made = [str(name) for name in step.get_feature_names_out(np.asarray(names, dtype=object))]
    return [_input_of(name, names) for name in made]


def _input_of(feature: str, names: Sequence[str]) -> str:
    """The one input that a feature's name begins with; else the feature's name."""
    if feature in names or len(set(names)) == 1:
        return feature if feature in names else names[0]
    begins = {name for name in names if feature.startswith(f"{name}_")}
    return begins.pop() if len(begins) == 1 else feature
