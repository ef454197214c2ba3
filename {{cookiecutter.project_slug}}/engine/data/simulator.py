"""The bundled data set: parcels of a web shop, simulated, with the truth on record.

Each order is late with a probability that `late_probability` states in full, so a test can say how
good a perfect model would be. Invented from end to end: no real carrier, shop or customer.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

ROWS = 20_000
FIRST_DAY = np.datetime64("2026-01-05T00:00", "m")
DAYS = 182

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# What each adds to the log-odds of being late.
CARRIERS = {"Arrow": -0.5, "Bluebird": 0.0, "Courant": 0.3, "Dromedary": 0.9}
REGIONS = {"north": 0.5, "east": 0.1, "south": -0.3, "west": -0.1, "islands": 1.1}
SERVICES = {"economy": 0.4, "standard": 0.0, "express": -0.7}
WEATHER = {"clear": -0.2, "rain": 0.2, "snow": 1.2, "storm": 1.7}

MISSING_WEIGHT, MISSING_WEATHER = 0.06, 0.03


def simulate(rows: int = ROWS, seed: int = 7) -> pd.DataFrame:
    """Orders in the order they were placed, outcome included, a few values missing.

    Args:
        rows: how many orders, spread over half a year.
        seed: the same seed gives the same orders.
    """
    rng = np.random.default_rng(seed)
    orders = _orders(rng, rows)
    chance = late_probability(orders)
    late = rng.random(rows) < chance
    # Early or on the day, else one to several days over: what is only known once it has arrived.
    over = np.where(late, 1 + rng.poisson(0.8, rows), -rng.integers(0, 2, rows))
    orders["delivery_days"] = np.maximum(1, orders["promised_days"] + over)
    orders["late"] = late
    orders.loc[rng.random(rows) < MISSING_WEIGHT, "weight_kg"] = np.nan
    orders.loc[rng.random(rows) < MISSING_WEATHER, "weather"] = None
    return orders


def perfect_scores(rows: int = ROWS, seed: int = 7) -> NDArray[np.float64]:
    """The true probability of being late of each row of `simulate(rows, seed)`."""
    return late_probability(_orders(np.random.default_rng(seed), rows))


def late_probability(orders: pd.DataFrame) -> NDArray[np.float64]:
    """The chance that each order is late, given all that is known at checkout.

    Log-odds are a sum of the tables above and of what a linear model cannot see: storm strikes the
    islands, Courant breaks down on long ways and shines on short ones, a warehouse that is nearly
    full (0.75) breaks short promises, heavy parcels (10 kg) miss the weekend's vans.
    """
    load, distance = orders["warehouse_load"], orders["distance_km"] / 500
    tight, full = orders["promised_days"] <= 2, orders["warehouse_load"] > 0.75
    weekend = orders["weekday"].isin(["Fri", "Sat"])
    courant, islands = orders["carrier"] == "Courant", orders["region"] == "islands"
    odds = (
        -3.0
        + _effect(orders["carrier"], CARRIERS)
        + _effect(orders["region"], REGIONS)
        + _effect(orders["service"], SERVICES)
        + _effect(orders["weather"], WEATHER)
        + 0.7 * distance
        + 0.5 * weekend
        + 1.3 * load
        - 0.25 * (orders["promised_days"] - 3)
        + 1.5 * (orders["weather"] == "storm") * islands
        + courant * np.where(orders["distance_km"] > 350, 1.8, -0.9)
        + 1.9 * tight * full
        + 1.6 * weekend * (orders["weight_kg"] > 10)
    )
    return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float64)


def _effect(values: pd.Series, table: dict[str, float]) -> NDArray[np.float64]:
    return np.asarray(values.map(table), dtype=np.float64)


def _orders(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Orders as they stand at checkout, before anything is missing or has happened."""
    minutes = np.sort(rng.integers(0, DAYS * 24 * 60, rows))
    day = minutes // (24 * 60)
    winter = np.clip(1 - day / 90, 0, 1)
    snow = rng.random(rows) < 0.18 * winter
    other = rng.choice(["clear", "rain", "storm"], rows, p=[0.66, 0.29, 0.05])
    service = rng.choice(list(SERVICES), rows, p=[0.3, 0.5, 0.2])
    base_days = pd.Series(service).map({"economy": 4, "standard": 3, "express": 1}).to_numpy()
    # The warehouse fills up towards Friday and in waves of three weeks.
    load = 0.55 + 0.04 * (day % 7) + 0.15 * np.sin(day / 21 * 2 * np.pi)
    return pd.DataFrame(
        {
            "order_id": [f"o{number:07d}" for number in range(1, rows + 1)],
            "customer_id": [f"c{number:06d}" for number in rng.integers(0, rows // 3 + 1, rows)],
            "ordered_at": FIRST_DAY + minutes.astype("timedelta64[m]"),
            "weekday": np.array(WEEKDAYS)[day % 7],
            "carrier": rng.choice(list(CARRIERS), rows, p=[0.3, 0.35, 0.2, 0.15]),
            "region": rng.choice(list(REGIONS), rows, p=[0.25, 0.25, 0.25, 0.2, 0.05]),
            "service": service,
            "weight_kg": np.round(np.minimum(rng.lognormal(0.6, 0.9, rows), 40), 2),
            "distance_km": np.round(rng.gamma(2.2, 130, rows).clip(2, 2500), 1),
            "items": 1 + rng.poisson(1.4, rows).clip(0, 29),
            "fragile": rng.random(rows) < 0.15,
            "weather": np.where(snow, "snow", other),
            "warehouse_load": np.round(np.clip(load + rng.normal(0, 0.08, rows), 0, 1.5), 3),
            "promised_days": np.maximum(1, base_days + rng.integers(0, 3, rows)),
        }
    )
