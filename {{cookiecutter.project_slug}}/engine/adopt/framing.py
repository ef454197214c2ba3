"""The first problem.toml and data/contract.py of an adopted table, to be read and edited."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from engine.adopt.infer import Guess
from engine.adopt.literals import LONGEST_LINE, metadata, one_of, python
from engine.contract.layout import Layout
from engine.leakage import Leak
from engine.problem.files import toml
from engine.problem.spec import Label, Task

# Labels of the outcome that calls for action.
YES = ("true", "yes", "y", "t", "1", "ja", "j", "oui", "si", "sí", "on", "positive", "malignant")

PROBLEM = """\
# The business problem as a modelling problem. Owner: data science.
# Everything that evaluates the model reads its numbers here and nowhere else.
# Written by `python -m data adopt`; `python -m problem check` explains every mistake.

# Values that were guessed from the table. Set each, then remove it from this list:
# `handoff accept` refuses while any is left.
assumed = {assumed}

[decision]
name = {name}
question = {question}
action = "Not yet said: what is done with the prediction."
stakeholder = "Not yet said: who owns the decision."
intended_use = "Not yet said: the use it is built for."
not_for = "Not yet said: what it must not be used for."

[target]
column = {target}
task = "{task}"
{positive}label_delay_days = 0

[rows]
source = {source}
{roles}# unit = "COLUMN": what several rows belong to; no input, kept together in the split

# column = "when it is known", after the decision was due: never a feature, nor a copy of it
[columns.known_after]

# column = "why the model must not be trained on it"
[columns.excluded]
{excluded}{suspected}
# column = "why it is personal": neither a feature nor in the prediction log
[columns.personal]

[success]
metric = "{metric}"
minimum = {minimum}
margin = {margin}

# For one row, compared with doing nothing.
[value]
currency = "EUR"
{payoffs}
[budget]
latency_p99_ms = 100.0
throughput_rps = 50.0
memory_mb = 800.0
score_difference = 1e-5

[monitoring]
window_days = 7
minimum_rows = {minimum_rows}

# What may not get worse than the champion on the test rows, in the gate.
[guardrails]
worse_by = 0.01
"""
ASSUMED = (
    "decision.question", "decision.action", "decision.stakeholder", "decision.intended_use",
    "decision.not_for", "target.label_delay_days", "columns.known_after", "columns.personal",
    "success.metric", "success.minimum", "success.margin", "value", "budget",
    "monitoring.window_days", "guardrails",
)  # fmt: skip

PAYOFFS: dict[Task, str] = {
    "binary": "true_positive = 1.0\nfalse_positive = -1.0\ntrue_negative = 0.0\n"
    "false_negative = 0.0\n",
    "multiclass": "correct = 1.0\nwrong = -1.0\n",
    "regression": "per_unit_error = -1.0\n",
}
# Metric, minimum and margin that a useless model cannot meet.
SUCCESS: dict[Task, tuple[str, float, float]] = {
    "binary": ("roc_auc", 0.65, 0.1),
    "multiclass": ("balanced_accuracy", 0.15, 0.1),  # the minimum is added to chance
    "regression": ("r2", 0.2, 0.1),
}

CONTRACT = '''\
"""What a row is: each column's type, range and meaning. Owner: data science; meant to be edited.

Written by `python -m data adopt` from {source}.
Ranges are the observed ones and as much again on each side. Training and the server refuse rows
that break a rule. A string column without `isin` is open: the server accepts a new value, and the
monitoring reports it.
"""

import pandera.pandas as pa

ROW = pa.DataFrameSchema(
    {{
{columns}    }},
    strict=True,
{layout})
'''
SUSPECTED = """\
# Each of these seems to give the target away. Nothing is excluded yet: remove the '#' of each one
# that is known only after the decision was due. What is known in time stays an input; state why
# under [columns.known_in_time], or the gate refuses it.
"""


@dataclass(frozen=True)
class Roles:
    """The target of a table, and the columns with a role.

    `classes` are the outcomes that may come; none of a regression or of a boolean.
    """

    target: str
    task: Task
    time: str | None = None
    id: str | None = None
    classes: tuple[str | int, ...] = ()


def classes_of(target: pd.Series, task: Task) -> tuple[str | int, ...]:
    """The labels that the target may have; any other one later is a mistake in a row."""
    if task == "regression" or pd.api.types.is_bool_dtype(target.dtype):
        return ()
    labels = sorted(target.unique())
    return tuple(label if isinstance(label, str) else int(label) for label in labels)


def problem_text(
    source: str,
    frame: pd.DataFrame,
    guesses: Sequence[Guess],
    roles: Roles,
    leaks: Sequence[Leak] = (),
) -> str:
    """A problem.toml for the table, every guess listed under `assumed`; leaks are only proposed."""
    target, task = roles.target, roles.task
    excluded = {one.name: one.excluded for one in guesses if one.excluded}
    assumed, positive = [*ASSUMED], ""
    if task == "binary":
        assumed.append("target.positive")
        positive = f"positive = {toml(_positive(frame[target]))}\n"
    assumed += ["columns.excluded"] if excluded else []
    metric, minimum, margin = SUCCESS[task]
    if task == "multiclass":
        minimum = round(minimum + 1 / frame[target].nunique(), 2)
    named = {"id": roles.id, "time": roles.time}
    mechanisms = {name: leak.mechanism for leak in leaks for name in leak.proposed}
    suspected = [f"# {toml(name)} = {toml(why)}\n" for name, why in mechanisms.items()]
    return PROBLEM.format(
        assumed="[\n" + "".join(f'    "{name}",\n' for name in assumed) + "]",
        name=toml(_slug(f"{target}-{Path(source).stem.removeprefix('sklearn:')}")),
        question=toml(f"What is '{target}' of a row, before it is known?"),
        target=toml(target),
        task=task,
        positive=positive,
        source=toml(source),
        roles="".join(f"{role} = {toml(name)}\n" for role, name in named.items() if name),
        excluded="".join(f"{toml(name)} = {toml(why)}\n" for name, why in excluded.items()),
        suspected=SUSPECTED + "".join(suspected) if suspected else "",
        metric=metric,
        minimum=minimum,
        margin=margin,
        payoffs=PAYOFFS[task],
        minimum_rows=min(200, max(30, len(frame) // 10)),
    )


def contract_text(
    source: str, guesses: Sequence[Guess], roles: Roles, layout: Layout | None
) -> str:
    """A data/contract.py for the table: plain pandera, a column a paragraph."""
    text = CONTRACT.format(
        source=re.sub(r"[^\w. -]", "_", Path(source).name)[:40],
        columns="".join(_column(one, roles) for one in guesses),
        layout=metadata(asdict(layout), 4) if layout else "",
    )
    if max(map(len, text.split("\n"))) > LONGEST_LINE:
        text = f"# ruff: noqa: E501  # a name is as long as it is\n{text}"
    return text


def _column(one: Guess, roles: Roles) -> str:
    dtypes = {"number": "float", "category": "str", "date": '"datetime64[us]"'}
    dtypes |= {"integer": '"Int64"', "boolean": '"boolean"'} if one.nullable else {}
    arguments = [({"integer": "int", "boolean": "bool"} | dtypes)[one.type]]
    is_input = one.name not in (roles.target, roles.id) and not one.excluded
    if is_input and one.minimum is not None and one.maximum is not None:
        arguments.append(f"pa.Check.in_range({_number(one.minimum)}, {_number(one.maximum)})")
    if one.nullable:
        arguments.append("nullable=True")
    if one.name == roles.id:
        arguments.append("unique=True")
    meaning = f"{one.name}, in UTC" if one.zoned else one.name
    arguments.append(f"description={python(meaning)}")
    body = [f"            {argument},\n" for argument in arguments]
    if one.name == roles.target and roles.classes:
        body.insert(1, one_of(roles.classes, 12))
    body.append(metadata(one.cells.to_metadata(), 12))
    return f"        {python(one.name)}: pa.Column(\n{''.join(body)}        ),\n"


def _positive(target: pd.Series) -> Label:
    """The outcome that calls for action: a label for yes, else the rarer one."""
    values: list[Label | float] = target.value_counts().index.tolist()
    yes = [value for value in values if str(value).lower().removesuffix(".0") in YES]
    chosen = (yes or values)[-1]
    return int(chosen) if isinstance(chosen, float) else chosen


def _slug(words: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")
    if not slug[:1].isalpha() or len(slug) < 2:
        slug = f"model-{slug or 'of-a-table'}"
    return slug[:60].rstrip("-")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
