"""Honest tables of many kinds, drawn at random: strong, small, coarse, with gaps, in time."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn import datasets

from data.parcels import simulate
from tests.data.leakage.tables import noise

Rng = np.random.Generator
Table = tuple[pd.DataFrame, Any]


def measured(rng: Rng, rows: int, share: float) -> Table:
    """One measurement that parts two classes almost or wholly."""
    late = rng.random(rows) < share
    frame = noise(rng, rows, 5)
    frame["strong"] = late * rng.choice([3, 4, 4.5, 5, 6]) + rng.normal(size=rows)
    return frame, pd.Series(late)


def clusters(rng: Rng, rows: int, share: float) -> Table:
    """Classes far apart in a few numbers."""
    centers = int(rng.choice([2, 3, 5]))
    found, label = datasets.make_blobs(
        rows, 4, centers=centers, random_state=int(rng.integers(999))
    )
    return pd.DataFrame(found).rename(columns="c{}".format), pd.Series(label.astype(str))


def grades(rng: Rng, rows: int, share: float) -> Table:
    """Many columns of few whole numbers, of which some decide, with luck."""
    frame = pd.DataFrame(rng.integers(0, 10, (rows, 15))).rename(columns="g{}".format)
    score = frame.iloc[:, :5].sum(axis=1) + rng.normal(0, 1, rows)
    return frame, pd.Series(score > np.quantile(score, 1 - share))


def counts(rng: Rng, rows: int, share: float) -> Table:
    """A count that is mostly the sum of two others."""
    frame = pd.DataFrame({"a": rng.poisson(8, rows), "b": rng.poisson(5, rows)})
    return frame, (frame.a + frame.b + rng.poisson(rng.choice([0.3, 1, 2]), rows)).astype(float)


def physics(rng: Rng, rows: int, share: float) -> Table:
    """A law of nature, measured to a hundredth."""
    mass, speed = rng.gamma(3, 2, rows) + 0.5, rng.normal(20, 5, rows)
    energy = 0.5 * mass * speed**2 * (1 + rng.normal(0, 0.01, rows))
    return pd.DataFrame({"mass": mass.round(2), "speed": speed.round(1)}), energy


def past(rng: Rng, rows: int, share: float) -> Table:
    """What a quantity was, the day and the week before."""
    walk = np.cumsum(rng.normal(size=rows)) * 0.3 + 10 * np.sin(np.arange(rows) / 20)
    days = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(rows), "D")
    lags = {f"lag {n}": np.r_[walk[:n], walk[:-n]].round(2) for n in (1, 7)}
    return pd.DataFrame({"day": days, "week": np.arange(rows) // 7 % 52, **lags}), walk.round(2)


def rates(rng: Rng, rows: int, share: float) -> Table:
    """What a customer did before, on average; a calibrated score; a mean of other rows."""
    who = rng.integers(0, max(3, rows // 20), rows)
    chance = 1 / (1 + np.exp(-1.5 * rng.normal(size=rows)[who]))
    late = pd.Series(rng.random(rows) < chance)
    seen, so_far = late.astype(float), late.astype(float).groupby(who)
    before = (so_far.cumsum() - seen) / so_far.cumcount().clip(lower=1)
    known = seen[rng.random(rows) < 0.7]
    mean = known.groupby(who[known.index]).mean().reindex(range(who.max() + 1)).fillna(0.5)
    made = {"before": before, "score": chance.round(3), "mean": mean.to_numpy()[who]}
    return pd.DataFrame({"who": pd.Series(who).astype(str), **made}), late


def words(rng: Rng, rows: int, share: float) -> Table:
    """Words that together decide, with gaps, and a test that is right in 96 of 100 rows."""
    letters = rng.integers(0, 5, (rows, 8))
    weights = rng.normal(size=(8, 5)) * 1.5
    score = sum(weights[n][letters[:, n]] for n in range(8)) + rng.logistic(size=rows) * 0.3
    late = score > np.quantile(score, 1 - share)
    frame = pd.DataFrame(np.array(list("abcde"))[letters]).rename(columns="k{}".format)
    frame = frame.mask(rng.random(frame.shape) < 0.3).astype("str")
    return frame.assign(test=late ^ (rng.random(rows) < 0.04)), pd.Series(late)


def orders(rng: Rng, rows: int, share: float) -> Table:
    """Parcels."""
    frame = simulate(rows, int(rng.integers(999)))
    late = frame.pop("late")
    return frame.drop(columns=["order_id", "customer_id", "delivery_days"]), late


KINDS: dict[str, Callable[[Rng, int, float], Table]] = {
    one.__name__: one
    for one in (measured, clusters, grades, counts, physics, past, rates, words, orders)
}
