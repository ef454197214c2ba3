"""Honest tables of many kinds, drawn at random: strong, small, coarse, with gaps, in time."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn import datasets

from engine.data.simulator import simulate
from engine.tests.leakage.tables import noise

Rng = np.random.Generator
Table = tuple[pd.DataFrame, Any]


def measured(rng: Rng, rows: int, share: float) -> Table:
    """One measurement that separates two classes almost or wholly."""
    late = rng.random(rows) < share
    frame = noise(rng, rows, 5)
    frame["strong"] = late * rng.choice([3, 4, 4.5, 5, 6]) + rng.normal(size=rows)
    return frame, pd.Series(late)


def clusters(rng: Rng, rows: int, share: float) -> Table:
    """Classes far apart in a few numbers."""
    centers = int(rng.choice([2, 3, 5]))
    points, label = datasets.make_blobs(
        rows, 4, centers=centers, random_state=int(rng.integers(999))
    )
    return pd.DataFrame(points).rename(columns="c{}".format), pd.Series(label.astype(str))


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
    level = np.cumsum(rng.normal(size=rows)) * 0.3 + 10 * np.sin(np.arange(rows) / 20)
    days = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(rows), "D")
    lags = {f"lag {n}": np.r_[level[:n], level[:-n]].round(2) for n in (1, 7)}
    return pd.DataFrame({"day": days, "week": np.arange(rows) // 7 % 52, **lags}), level.round(2)


def rates(rng: Rng, rows: int, share: float) -> Table:
    """What a customer did before, on average; a calibrated score; a mean of other rows."""
    who = rng.integers(0, max(3, rows // 20), rows)
    chance = 1 / (1 + np.exp(-1.5 * rng.normal(size=rows)[who]))
    late = pd.Series(rng.random(rows) < chance)
    seen, so_far = late.astype(float), late.astype(float).groupby(who)
    before = (so_far.cumsum() - seen) / so_far.cumcount().clip(lower=1)
    sampled = seen[rng.random(rows) < 0.7]
    mean = sampled.groupby(who[sampled.index]).mean().reindex(range(who.max() + 1)).fillna(0.5)
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


def instruments(rng: Rng, rows: int, share: float) -> Table:
    """One thing, measured again and again, by better and worse instruments in several units."""
    weight = rng.normal(70, 15, rows)
    scale = {"kg": 1, "lb": 2.2046, "g": 1000}
    measured = {
        f"{unit} {noise}": ((weight + rng.normal(0, noise, rows)) * by).round(2)
        for unit, by in scale.items()
        for noise in (0.5, 1.5, 4.5)
    }
    return pd.DataFrame(measured), weight.round(1)


def seasons(rng: Rng, rows: int, share: float) -> Table:
    """What the time of the year and of the day nearly decide."""
    hours = rng.integers(0, 3 * 365 * 24, rows)
    at = pd.Series(pd.Timestamp("2023-01-01") + pd.to_timedelta(hours, "h"))
    warm = 8 * np.cos(at.dt.month / 6 * np.pi) + 5 * at.dt.hour.between(9, 18)
    heated = rng.random(rows) < 1 / (1 + np.exp(-warm))
    return pd.DataFrame({"at": at, "month": at.dt.month, "hour": at.dt.hour}), pd.Series(heated)


def growth(rng: Rng, rows: int, share: float) -> Table:
    """Rows numbered in time, and an outcome that was rare at first and is common now."""
    late = rng.random(rows) < 1 / (1 + np.exp(-15 * (np.arange(rows) / rows - 0.5)))
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(rng.random(rows)) * 500, "D")
    names = [f"o{number:06d}" for number in range(rows)]
    return pd.DataFrame({"number": np.arange(rows), "name": names, "day": days}), pd.Series(late)


def patients(rng: Rng, rows: int, share: float) -> Table:
    """A diagnosis by thresholds on what was measured once more; a drug that most of the ill get."""
    sugar = np.exp(rng.normal(4.6, 0.3, rows))
    long_term = 2 + sugar / 30 + rng.normal(0, 0.4, rows)
    ill = (sugar + rng.normal(0, 5, rows) > 126) | (long_term + rng.normal(0, 0.2, rows) > 6.5)
    frame = pd.DataFrame({"sugar": sugar.round(), "long term": long_term.round(1)})
    frame["tested"] = pd.Series(rng.normal(size=rows)).mask(
        rng.random(rows) < np.where(ill, 0, 0.9)
    )
    return frame.assign(high=sugar > 126, drug=ill & (rng.random(rows) < 0.85)), pd.Series(ill)


def levels(rng: Rng, rows: int, share: float) -> Table:
    """Tiers that a rule on the year's turnover makes, but for members of a club."""
    spent, member = np.exp(rng.normal(6, 1, rows)).round(2), rng.random(rows) < 0.1
    tier = np.select([member, spent > 800, spent > 200], ["gold", "gold", "silver"], "basic")
    return pd.DataFrame({"spent": spent, "member": member, "years": rng.integers(0, 9, rows)}), tier


def bills(rng: Rng, rows: int, share: float) -> Table:
    """A sum of which one part is known and the other about a sixth of it."""
    sampled = rng.gamma(4, 8, rows).round(2)
    tip = (sampled * rng.choice([0.1, 0.15, 0.2], rows) * np.exp(rng.normal(0, 0.1, rows))).round(2)
    frame = pd.DataFrame({"known": sampled, "tax": (sampled * 0.07).round(2), "unknown": np.nan})
    return frame, (sampled + tip).round(2)


def checked(rng: Rng, rows: int, share: float) -> Table:
    """A word for each of four classes, right in 96 of 100 rows."""
    words = np.array(["low", "fair", "high", "top"])
    group = rng.integers(0, 4, rows)
    labels = np.where(rng.random(rows) < 0.95, group, rng.integers(0, 4, rows))
    length = np.exp(group * 0.8 + rng.normal(0, 0.2, rows)).round(1)
    return pd.DataFrame({"said": words[labels], "length": length}), pd.Series(words[group])


KINDS: dict[str, Callable[[Rng, int, float], Table]] = {
    one.__name__: one
    for one in (
        measured,
        clusters,
        grades,
        counts,
        physics,
        past,
        rates,
        words,
        orders,
        instruments,
        seasons,
        growth,
        patients,
        levels,
        bills,
        checked,
    )
}
