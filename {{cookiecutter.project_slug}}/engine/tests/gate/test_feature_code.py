"""Feature code that reads files, the clock or random numbers is refused, with its line."""

from pathlib import Path

import pytest

from engine.bundle.feature_code import unportable
from engine.tests.project import source

FEATURES = source("poc/features.py")
REACHING = [
    *("import codecs", "import gc", "import linecache", "import mmap", "import pty", "import ssl"),
    *("from os import path", "import xmlrpc.client", "from pandas import read_csv"),
    *("from sklearn.datasets import fetch_openml", "import pandas.io.common"),
    *("frame.to_csv('t.csv')", "frame.to_parquet('t')", "np.save('a', rows)", "rows.tofile('a')"),
    *("np.lib.format.open_memmap('a')", "getattr(np, 'load')('a')", "A = frame.__dict__"),
]
CLOCK = [
    *("D = datetime.now()", "D = date.today()", "D = pd.Timestamp.now()", "D = x.utcnow()"),
    *("D = pd.Timestamp('now')", "D = pd.to_datetime('today')", "D = np.datetime64('now')"),
]
CHANCE = [
    *("N = np.random.normal(size=3)", "R = np.random.default_rng()", "R = np.random"),
    *("R = np.random.default_rng(None)", "np.random.seed(3)", "F = frame.sample(9)"),
    *("N = norm.rvs(3)", "H = hash('north')"),
]
MODULES = ["random", "secrets", "time", "uuid"]
HONEST = """\
from __future__ import annotations
import datetime, json, math, re
from collections.abc import Mapping
from numpy.lib.stride_tricks import sliding_window_view
from scipy.stats import norm
from sklearn.feature_extraction.text import HashingVectorizer
RNG = np.random.default_rng(3)
NOISE = np.random.default_rng(seed=3).random(9)
def drawn(rng: np.random.Generator) -> float: return rng.random()
SOME = frame.sample(9, random_state=3)
FROM = pd.to_datetime("2026-01-01"), pd.Timestamp(2026, 1, 1)
MADE = frame.to_numpy(), series.to_frame(), series.to_dict(), self.to_km(3), getattr(day, part)
"""


def wrong(line: str, tmp_path: Path) -> list[str]:
    (tmp_path / "features.py").write_text(f"import numpy as np\n{line}\n", "utf-8")
    return unportable(tmp_path / "features.py")


@pytest.mark.parametrize("line", REACHING)
def test_feature_code_reading_or_writing_is_refused(line: str, tmp_path: Path) -> None:
    [message] = wrong(line, tmp_path)
    assert message.startswith("features.py line 2 ")
    assert "a feature is computed, it re" in message


@pytest.mark.parametrize("line", CLOCK)
def test_feature_code_reading_the_clock_is_refused(line: str, tmp_path: Path) -> None:
    [message] = wrong(line, tmp_path)
    assert "it reads the clock" in message


@pytest.mark.parametrize("line", CHANCE)
def test_unportable_random_results_are_named(line: str, tmp_path: Path) -> None:
    [message] = wrong(line, tmp_path)
    assert "it differs" in message


@pytest.mark.parametrize("module", MODULES)
def test_feature_code_importing_clock_or_chance_is_refused(module: str, tmp_path: Path) -> None:
    assert wrong(f"import {module}", tmp_path)


def test_feature_code_that_computes_passes(tmp_path: Path) -> None:
    assert wrong(HONEST, tmp_path) == []
    assert unportable(FEATURES) == []
