"""Tables and projects to try the data folder on."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa

from engine.problem.spec import Problem, parse

# Each would break out of its string, its key or its line somewhere.
HOSTILE = (
    'say "no"',
    "it's",
    "both ' and \"",
    "back\\slash\\",
    "new\nline",
    "carriage\rreturn",
    "tab\tand\x7fdelete",
    "line\u2028separator",
    "wide 😀 and ﬁne",
    "{{ jinja }}",
    "[table]",
    "a.b = c # d",
    '"""',
    "class",
    "None",
    "ROW",
    "__import__('os').system('false')",
    "zero\u200bwidth",
    "x" * 200,
)


def table(rows: int = 120, seed: int = 0) -> pd.DataFrame:
    """A column of every kind, some values missing, and a target that follows one of them."""
    rng = np.random.default_rng(seed)
    size = rng.normal(10, 3, rows)
    return pd.DataFrame(
        {
            "size": np.where(rng.random(rows) < 0.1, np.nan, size),
            "items": rng.poisson(3, rows),
            "fragile": rng.random(rows) < 0.5,
            "colour": pd.Series(rng.choice(["red", "green", "blue"], rows)).astype("str"),
            "at": pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(rows), "h"),
            "late": size + rng.normal(0, 1, rows) > 10,
        }
    )


def csv(frame: pd.DataFrame, path: Path) -> str:
    """Write `frame` to `path` and return the path as a command line gives it."""
    frame.to_csv(path, index=False)
    return str(path)


def schema_of(contract: Path) -> pa.DataFrameSchema:
    """The ROW of a contract file, wherever it stands."""
    spec = importlib.util.spec_from_file_location("contract_under_test", contract)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    schema: pa.DataFrameSchema = module.ROW
    return schema


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of every file below `folder`, by its path."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def problem_of(target: str, task: str, **rows: str) -> Problem:
    """A sound problem on `target`; `rows` may name id, time and unit."""
    positive = "positive = true" if task == "binary" else ""
    metric = {"binary": "roc_auc", "multiclass": "balanced_accuracy", "regression": "r2"}[task]
    payoffs = {
        "binary": "true_positive = 1.0\nfalse_positive = 0.0\ntrue_negative = 0.0\n"
        "false_negative = 0.0",
        "multiclass": "correct = 1.0\nwrong = 0.0",
        "regression": "per_unit_error = -1.0",
    }[task]
    roles = "\n".join(f'{role} = "{name}"' for role, name in rows.items())
    words = "\n".join(
        f'{name} = "said"'
        for name in ("question", "action", "stakeholder", "intended_use", "not_for")
    )
    return parse(
        f'[decision]\nname = "tried-out"\n{words}\n'
        f'[target]\ncolumn = "{target}"\ntask = "{task}"\n{positive}\nlabel_delay_days = 0\n'
        f'[rows]\nsource = "nowhere.csv"\n{roles}\n'
        f'[success]\nmetric = "{metric}"\nminimum = 0.5\nmargin = 0.1\n'
        f'[value]\ncurrency = "EUR"\n{payoffs}\n'
        "[budget]\nlatency_p99_ms = 50.0\nthroughput_rps = 50.0\nmemory_mb = 500.0\n"
        "[monitoring]\nwindow_days = 7\nminimum_rows = 30\n"
        "[guardrails]\nworse_by = 0.01\n",
        "problem.toml",
    )
