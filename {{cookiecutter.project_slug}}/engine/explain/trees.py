"""SHAP values of fitted trees, exact, by the path-dependent value function.

Of a leaf, each feature on its path has two factors: `z`, the share of training rows that follow the
splits of the feature, and `o`, 1 if this row follows them and 0 if not. The leaf's value times the
product of `o` over the known features and `z` over the others is its part of the value function
(Lundberg et al. 2020, From local explanations to global understanding with explainable AI for
trees). The Shapley value of such a product is the integral of its multilinear extension (Owen 1972)

    value · (o_i − z_i) · ∫₀¹ Π_{j≠i} (z_j (1 − t) + o_j t) dt

of a polynomial, which Gauss-Legendre quadrature computes exactly with half as many nodes as
features. So all leaves of all trees are one array, without recursion and without a compiler.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Leaves times the features on a path: more would take longer than a request may.
MOST_CELLS = 400_000


@dataclass(frozen=True)
class Tree:
    """A fitted tree as arrays, one value a node; `left` and `right` are -1 in a leaf.

    `categories[node]` holds the categories that go left in a categorical split; other splits send
    values up to `threshold` left. `missing_left` says where NaN goes.
    """

    left: NDArray[np.intp]
    right: NDArray[np.intp]
    feature: NDArray[np.intp]
    threshold: Floats
    missing_left: NDArray[np.bool_]
    cover: Floats
    value: Floats
    categories: dict[int, frozenset[int]]


class Forest:
    """The sum of trees, with the arrays that `contributions` needs; ValueError if too large."""

    def __init__(self, trees: Sequence[Tree], base: float, *, single: bool) -> None:
        """`single`: the library compares values in float32."""
        starts = np.cumsum([0, *(len(tree.left) for tree in trees)])[:-1].tolist()
        both = zip(trees, starts, strict=True)
        paths = [path for tree, start in both for path in _paths(tree, start)]
        self._single, width = single, max(len(path.shares) for path in paths)
        if len(paths) * max(width, 1) > MOST_CELLS:
            raise ValueError("too many leaves")
        self._value = np.array([path.value for path in paths])
        # Beyond the end of a path z = o = 1: such a feature changes nothing.
        self._z = np.ones((len(paths), width))
        self._feature = np.zeros((len(paths), width), np.intp)
        slots, nodes, sides = [], [], []
        for number, path in enumerate(paths):
            for place, (feature, share) in enumerate(path.shares.items()):
                self._z[number, place], self._feature[number, place] = share, feature
            for place, feature in enumerate(path.shares):
                for node, side in path.splits[feature]:
                    slots.append(number * width + place)
                    nodes.append(node)
                    sides.append(side)
        self._slots, self._nodes = np.array(slots, np.intp), np.array(nodes, np.intp)
        self._sides = np.array(sides, bool)
        self._split_feature = np.concatenate([tree.feature for tree in trees])
        self._threshold = np.concatenate([tree.threshold for tree in trees])
        self._missing_left = np.concatenate([tree.missing_left for tree in trees])
        self._categories = {
            start + node: lefts
            for tree, start in zip(trees, starts, strict=True)
            for node, lefts in tree.categories.items()
        }
        nodes_t, weights = np.polynomial.legendre.leggauss(max(1, -(-width // 2)))
        self._t, self._weights = (nodes_t + 1) / 2, weights / 2
        self.base = base + float(self._value @ self._z.prod(axis=1))

    def contributions(self, features: Floats) -> Floats:
        """The SHAP value of each feature: (rows, features); with `base` they sum to the output."""
        made = np.zeros(features.shape)
        for number, row in enumerate(features):
            follows = np.ones(self._z.size)
            follows[self._slots[self._went_left(row)[self._nodes] != self._sides]] = 0.0
            o, z = follows.reshape(self._z.shape), self._z
            total = np.zeros(z.shape)
            for t, weight in zip(self._t, self._weights, strict=True):
                factors = z * (1 - t) + o * t  # 0 only where no training row went: then o = z
                all_of_them = factors.prod(axis=1, keepdims=True)
                others = np.divide(all_of_them, factors, np.zeros(z.shape), where=factors > 0)
                total += weight * others
            parts = self._value[:, None] * (o - z) * total
            made[number] = np.bincount(self._feature.ravel(), parts.ravel(), features.shape[1])
        return made

    def _went_left(self, row: Floats) -> NDArray[np.bool_]:
        """Whether the row goes left in each node."""
        values = (row.astype(np.float32) if self._single else row)[self._split_feature]
        left = np.where(np.isnan(values), self._missing_left, values <= self._threshold)
        for node, lefts in self._categories.items():
            if not np.isnan(values[node]):
                left[node] = int(values[node]) in lefts
        return left


@dataclass(frozen=True)
class _Path:
    """The way to a leaf: each feature's share of training rows, and its splits with their side."""

    value: float
    shares: dict[int, float]
    splits: dict[int, list[tuple[int, bool]]]


def _paths(tree: Tree, start: int) -> list[_Path]:
    """The paths of a tree whose nodes count from `start`; no recursion, as a tree may be deep."""
    made, pending = [], [(0, dict[int, float](), dict[int, list[tuple[int, bool]]]())]
    while pending:
        node, shares, splits = pending.pop()
        if tree.left[node] < 0:
            made.append(_Path(float(tree.value[node]), shares, splits))
            continue
        feature = int(tree.feature[node])
        for child, side in ((int(tree.left[node]), True), (int(tree.right[node]), False)):
            share = tree.cover[child] / tree.cover[node] if tree.cover[node] else 0.0
            more = {feature: shares.get(feature, 1.0) * float(share)}
            way = {feature: [*splits.get(feature, ()), (start + node, side)]}
            pending.append((child, shares | more, splits | way))
    return made


def of_tree(fitted: Any, output: int, weight: float) -> Tree:
    """A tree of `sklearn.tree` (its `tree_`); `output` is the column of its value."""
    tree = fitted.tree_
    leaf = tree.children_left < 0
    missing = getattr(tree, "missing_go_to_left", np.zeros(tree.node_count))
    return Tree(
        left=np.asarray(tree.children_left, np.intp),
        right=np.asarray(tree.children_right, np.intp),
        feature=np.where(leaf, 0, tree.feature).astype(np.intp),
        threshold=np.asarray(tree.threshold, float),
        missing_left=np.asarray(missing, bool),
        cover=np.asarray(tree.weighted_n_node_samples, float),
        value=weight * np.asarray(tree.value[:, 0, output], float),
        categories={},
    )


def of_boosted(predictor: Any) -> Tree:
    """A tree of scikit-learn's histogram gradient boosting (a `TreePredictor`)."""
    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(bool)
    categorical = np.flatnonzero(nodes["is_categorical"].astype(bool) & ~leaf).tolist()
    bitsets = predictor.raw_left_cat_bitsets
    return Tree(
        left=np.where(leaf, -1, nodes["left"].astype(np.intp)),
        right=np.where(leaf, -1, nodes["right"].astype(np.intp)),
        feature=np.where(leaf, 0, nodes["feature_idx"].astype(np.intp)),
        threshold=nodes["num_threshold"].astype(float),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        cover=nodes["count"].astype(float),
        value=nodes["value"].astype(float),
        categories={node: _bits(bitsets[nodes["bitset_idx"][node]]) for node in categorical},
    )


def _bits(words: Any) -> frozenset[int]:
    """The numbers whose bits are set in an array of 32-bit words."""
    return frozenset(bit for bit in range(256) if int(words[bit // 32]) >> (bit % 32) & 1)
