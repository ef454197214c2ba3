"""The first problem.toml and data/contract.py of an adopted table, to be read and edited."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from engine.adopt.examples import examples
from engine.adopt.infer import FEWEST_OF_CLASS, Guess
from engine.adopt.spellings import respelled
from engine.contract.column import ColumnType
from engine.contract.layout import Layout
from engine.leakage import Leak
from engine.problem.errors import BadInput
from engine.problem.files import toml
from engine.problem.spec import Label, Task

# A whole-number target with more values than this is a quantity, not a class.
MOST_CLASSES = 10
LONGEST_LINE = 100
# Labels of the outcome that calls for action.
YES = ("true", "yes", "y", "t", "1", "ja", "j", "oui", "si", "sí", "on", "positive", "malignant")

# Metric, minimum and margin that a useless model cannot meet.
SUCCESS: dict[Task, tuple[str, float, float]] = {
    "binary": ("roc_auc", 0.65, 0.1),
    "multiclass": ("balanced_accuracy", 0.15, 0.1),  # the minimum is added to chance
    "regression": ("r2", 0.2, 0.1),
}


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

    def inputs(self, guesses: Sequence[Guess], leaks: Sequence[Leak]) -> list[Guess]:
        """The columns that a model may use: no role, no fault, and no suspicion."""
        others = {self.target, self.id, self.time, *(name for one in leaks for name in one.columns)}
        return [one for one in guesses if not one.excluded and one.name not in others]


def guess_task(target: pd.Series, kind: ColumnType, wanted: Task | None = None) -> Task:
    """The kind of target: two values are binary, few or words multiclass, else regression.

    Raises:
        BadInput: one value only, a rare class, too many classes, or not what is `wanted`.
    """
    counts = target.dropna().value_counts()
    if len(counts) < 2:
        only = f"one class only ({counts.index.tolist()[0]!r:.60})" if len(counts) else "no value"
        message = f"target '{target.name}' has {only}; choose another target, or add rows"
        raise BadInput(message, code="one-class")
    guessed: Task = "binary"
    if len(counts) > 2:
        few = len(counts) <= counts.sum() / FEWEST_OF_CLASS
        if kind in ("number", "integer"):
            few = len(counts) <= MOST_CLASSES and bool((counts.index % 1 == 0).all())
        guessed = "multiclass" if few else "regression"
    task = wanted or guessed
    if task == "regression" and kind not in ("number", "integer"):
        message = f"target '{target.name}' is a {kind} with {len(counts)} different values, too "
        message += "many for classes; choose another target, or group its values"
        raise BadInput(message, code="wrong-target-type")
    if task == "binary" and len(counts) != 2:
        message = f"--task binary: target '{target.name}' has {len(counts)} different values; "
        message += f"leave --task out for {guessed}, or choose another target"
        raise BadInput(message, code="wrong-class-count")
    if task != "regression":
        _check_classes(target, counts, kind)
    return task


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
    metric, minimum, margin = SUCCESS[task]
    if task == "multiclass":
        minimum = round(minimum + 1 / frame[target].nunique(), 2)
    return _fill(
        "problem_template.txt",
        name=_slug(f"{target}-{Path(source).stem.removeprefix('sklearn:')}"),
        question=f"What is '{target}' of a row, before it is known?",
        target=target,
        task=task,
        positive=_positive(frame[target]) if task == "binary" else None,
        source=source,
        roles=[("id", roles.id), ("time", roles.time)],
        excluded={one.name: one.excluded for one in guesses if one.excluded},
        suspected={name: leak.mechanism for leak in leaks for name in leak.proposed},
        metric=metric,
        minimum=minimum,
        margin=margin,
        minimum_rows=min(200, max(30, len(frame) // 10)),
        example=examples(frame, roles.inputs(guesses, leaks), target, task),
    )


def contract_text(
    source: str, guesses: Sequence[Guess], roles: Roles, layout: Layout | None
) -> str:
    """A data/contract.py for the table: plain pandera, a column a paragraph."""
    text = _fill(
        "contract_template.txt",
        source=re.sub(r"[^\w. -]", "_", Path(source).name)[:40],
        columns="".join(_column(one, roles) for one in guesses),
        layout=_metadata(asdict(layout), 4) if layout else "",
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
    read_in = ", in UTC" * one.inferred.zoned + ", in seconds" * one.inferred.in_seconds
    meaning = f"{one.name}{read_in}"
    arguments.append(f"description={_python(meaning)}")
    body = [f"            {argument},\n" for argument in arguments]
    if one.name == roles.target and roles.classes:
        body.insert(1, _one_of(roles.classes, 12))
    body.append(_metadata(one.inferred.cells.to_metadata(), 12))
    return f"        {_python(one.name)}: pa.Column(\n{''.join(body)}        ),\n"


def _check_classes(target: pd.Series, counts: pd.Series, kind: ColumnType) -> None:
    if kind == "date" or (kind == "number" and (counts.index % 1 != 0).any()):
        message = f"target '{target.name}' has {len(counts)} different values such as "
        message += f"{counts.index[0]!s:.40}; write the labels as words or whole numbers"
        message += "" if kind == "date" else ", or predict the number by --task regression"
        raise BadInput(message, code="wrong-target-type")
    rarest, rows = counts.index.tolist()[-1], counts.iloc[-1]
    if rows < FEWEST_OF_CLASS:
        message = f"target '{target.name}' has {rows} rows of {rarest!r:.60} only; expected "
        message += f"{FEWEST_OF_CLASS} of each class: add rows, join it with another, or drop it"
        if kind in ("number", "integer") and len(counts) > 2:
            message += "; or predict the number by --task regression"
        if spellings := respelled(counts.index):
            message += f"; {spellings}: spell them the same way"
        raise BadInput(message, code="rare-class")


def _positive(target: pd.Series) -> Label:
    """The outcome that calls for action: a label for yes, else the rarer one."""
    values: list[Label | float] = target.value_counts().index.tolist()
    yes = [value for value in values if str(value).lower().removesuffix(".0") in YES]
    chosen = (yes or values)[-1]
    return int(chosen) if isinstance(chosen, float) else chosen


def _slug(words: str) -> str:
    plain = unicodedata.normalize("NFKD", words.lower()).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if not slug[:1].isalpha() or len(slug) < 2:
        slug = f"model-{slug or 'of-a-table'}"
    return slug[:60].rstrip("-")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _fill(template: str, **values: Any) -> str:
    """The text of a template in this folder."""
    loader = FileSystemLoader(Path(__file__).parent)
    # Nothing is escaped: these are no pages, and the filter `toml` quotes what came from the table.
    environment = Environment(loader=loader, undefined=StrictUndefined, autoescape=False)  # noqa: S701
    environment.trim_blocks = environment.lstrip_blocks = environment.keep_trailing_newline = True
    environment.filters["toml"] = toml
    return environment.get_template(template).render(values)


# Values as ruff would write them in a Python file, so that what is generated is formatted.


def _metadata(values: Mapping[str, Any], indent: int) -> str:
    """How texts are read, as an argument of pandera's; nothing for no values."""
    items = [f"{_python(key)}: {_literal(value)}" for key, value in values.items()]
    return _bracketed("metadata={", items, "}", indent) if items else ""


def _one_of(values: Sequence[str | int], indent: int) -> str:
    """Pandera's check that nothing else comes."""
    items, space = [_literal(value) for value in values], " " * indent
    line = _bracketed("pa.Check.isin([", items, "])", indent)
    if line.count("\n") == 1:
        return line
    # A trailing comma keeps a list on its own lines.
    listed = "".join(f"{space}        {item},\n" for item in items)
    return f"{space}pa.Check.isin(\n{space}    [\n{listed}{space}    ]\n{space}),\n"


def _bracketed(start: str, items: Sequence[str], end: str, indent: int) -> str:
    """One line, or a line for each item where it would be too long."""
    space, line = " " * indent, f"{start}{', '.join(items)}{end},"
    if indent + len(line) <= LONGEST_LINE:
        return f"{space}{line}\n"
    listed = "".join(f"{space}    {item},\n" for item in items)
    return f"{space}{start}\n{listed}{space}{end},\n"


def _literal(value: Any) -> str:
    """A text, a list of texts, or a plain value."""
    if isinstance(value, list):
        return f"[{', '.join(map(_python, value))}]"
    return _python(value) if isinstance(value, str) else repr(value)


def _python(text: str) -> str:
    """A string literal the way ruff formats it: double quotes unless that needs more escapes."""
    # repr of a text that holds both quotes is single-quoted and escapes no double quote.
    body = repr(f"{text}'\"")[1:-4].replace("\\'", "'")
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + body.replace(quote, f"\\{quote}") + quote
