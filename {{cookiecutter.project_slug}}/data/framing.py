"""Writes the first problem.toml and data/contract.py of an adopted table, to be read and edited."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from data.infer import Guess
from problem.spec import Label, Task

# Names that tell which of two outcomes calls for action.
YES = ("true", "yes", "y", "1", "positive", "malignant")

PROBLEM = """\
# The business problem as a modelling problem. Owner: data science.
# Everything that judges the model reads its numbers here and nowhere else.
# Written by `python -m data adopt`; `python -m problem check` explains every mistake.

# Answers that were guessed from the table. Answer each, then take it off this list:
# `handoff accept` refuses while any is left.
assumed = {assumed}

[decision]
name = {name}
question = {question}
action = "Not yet said: what is done on the answer."
stakeholder = "Not yet said: who owns the decision."
intended_use = "Not yet said: the use it is built for."
not_for = "Not yet said: what it must not be used for."

[target]
column = {target}
task = "{task}"
{positive}label_delay_days = 0

[rows]
source = {source}
{roles}
# column = "why the model must not learn from it"
[columns.excluded]
{excluded}
# column = "why it is personal": neither a feature nor in the prediction log
[columns.personal]

[success]
metric = "{metric}"
minimum = {minimum}
margin = {margin}

# For one row, against doing nothing.
[value]
currency = "EUR"
{payoffs}
[budget]
latency_p99_ms = 100.0
memory_mb = 800.0

[monitoring]
window_days = 7
minimum_rows = {minimum_rows}
"""
ASSUMED = (
    "decision.question", "decision.action", "decision.stakeholder", "decision.intended_use",
    "decision.not_for", "target.label_delay_days", "columns.personal", "success.metric",
    "success.minimum", "success.margin", "value", "budget.latency_p99_ms", "budget.memory_mb",
    "monitoring.window_days",
)  # fmt: skip

PAYOFFS: dict[Task, str] = {
    "binary": "true_positive = 1.0\nfalse_positive = -1.0\ntrue_negative = 0.0\n"
    "false_negative = 0.0\n",
    "multiclass": "correct = 1.0\nwrong = -1.0\n",
    "regression": "per_unit_error = -1.0\n",
}

CONTRACT = '''\
"""What a row is: each column's type, range and meaning. Owner: data science; meant to be edited.

Written from {source} by `python -m data adopt`: ranges are the seen ones and as much again on
each side. Rows that break a rule are refused, in training and by the server. A string column
without `isin` is open: a value never seen before is served, and the monitor says that it came.
"""

import pandera.pandas as pa

ROW = pa.DataFrameSchema(
    {{
{columns}    }},
    strict=True,
    coerce=True,
)
'''


def problem_text(
    source: str, frame: pd.DataFrame, guesses: Sequence[Guess], target: str, task: Task,
    time: str | None, id_column: str | None,
) -> str:  # fmt: skip
    """A problem.toml for the table, every guess listed under `assumed`."""
    positive = _positive(frame[target]) if task == "binary" else None
    taken = {target, time, id_column}
    excluded = {one.name: one.excluded for one in guesses if one.excluded and one.name not in taken}
    roles = [("id", id_column), ("time", time)]
    metric, minimum, margin = _success(frame[target], task)
    assumed = [*ASSUMED, *(["target.positive"] if positive is not None else [])]
    assumed += ["columns.excluded"] if excluded else []
    listed = "[\n" + "".join(f'    "{name}",\n' for name in assumed) + "]"
    return PROBLEM.format(
        assumed=listed,
        name=_toml(_slug(f"{target}-{Path(source).stem.removeprefix('sklearn:')}")),
        question=_toml(f"What is '{target}' of a row, before it is known?"),
        target=_toml(target),
        task=task,
        positive=f"positive = {_toml(positive)}\n" if positive is not None else "",
        source=_toml(source),
        roles="".join(f"{role} = {_toml(name)}\n" for role, name in roles if name),
        excluded="".join(f"{_toml(name)} = {_toml(why)}\n" for name, why in excluded.items()),
        metric=metric,
        minimum=minimum,
        margin=margin,
        payoffs=PAYOFFS[task],
        minimum_rows=min(200, max(30, len(frame) // 10)),
    )


def contract_text(
    source: str, guesses: Sequence[Guess], target: str, task: Task, id_column: str | None
) -> str:
    """A data/contract.py for the table: plain pandera, a column a paragraph."""
    columns = "".join(_column(one, target, task, id_column) for one in guesses)
    return CONTRACT.format(source=Path(source).name.replace('"', "'"), columns=columns)


def _column(one: Guess, target: str, task: Task, id_column: str | None) -> str:
    nullable = one.nullable and one.name != target
    words = {"number": "float", "boolean": '"boolean"' if nullable else "bool", "category": "str"}
    words |= {"integer": '"Int64"' if nullable else "int", "date": '"datetime64[us]"'}
    lines = [f"{words[one.type]},"]
    is_feature = one.name not in (target, id_column) and not one.excluded
    if is_feature and one.minimum is not None and one.maximum is not None:
        low, high = _number(one.minimum), _number(one.maximum)
        lines.append(f"pa.Check.in_range({low}, {high}),")
    if nullable:
        lines.append("nullable=True,")
    if one.name == id_column:
        lines.append("unique=True,")
    lines.append(f"description={_python(one.name)},")
    body = "".join(f"            {line}\n" for line in lines)
    return f"        {_python(one.name)}: pa.Column(\n{body}        ),\n"


def _positive(target: pd.Series) -> Label:
    """The outcome that calls for action: one that says yes, else the rarer one."""
    values = target.value_counts()
    rare: Label | float = values.index[-1]
    for value in values.index:
        if str(value).lower().removesuffix(".0") in YES:
            rare = value
    if isinstance(rare, (bool, np.bool_)):
        return bool(rare)
    return str(rare) if isinstance(rare, str) else int(rare)


def _success(target: pd.Series, task: Task) -> tuple[str, float, float]:
    """A metric, a minimum and a margin that a useless model cannot meet."""
    if task == "binary":
        return "roc_auc", 0.65, 0.1
    if task == "multiclass":
        chance = 1 / target.nunique()
        return "balanced_accuracy", round(chance + 0.15, 2), 0.1
    return "r2", 0.2, 0.1


def _slug(words: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:60].strip("-")
    return slug if slug[:1].isalpha() and len(slug) > 1 else f"model-{slug or 'of-a-table'}"


def _number(value: float) -> str:
    # Six digits are plenty for a border that was guessed.
    value = float(f"{value:.6g}")
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _toml(value: object) -> str:
    # JSON's strings, numbers and booleans are TOML's too.
    return json.dumps(value, ensure_ascii=True)


def _python(text: str) -> str:
    """A string literal the way ruff formats it: double quotes unless that needs escapes."""
    literal = repr(text)
    if literal.startswith("'") and '"' not in text:
        return f'"{literal[1:-1]}"'
    return literal
