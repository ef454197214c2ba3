"""Every argument of every command refuses what is not of its kind, before anything is written."""

import pytest

from engine.tests.edges.commands import Argument, Runner, arguments
from engine.tests.edges.values import VALUES, place

ARGUMENTS = arguments()
# What else a command needs on its line, so that only the hostile value is wrong.
GOOD = {
    "file.csv": {"source"},
    "target": {"target"},
    "data-scientist": {"role"},
    "rows.csv": {"input"},
    "training.json": {"metadata"},
    "out.parquet": {"out"},
    "latest": {"first", "second"},
}


def _names(argument: Argument) -> str:
    return " ".join((*argument.command, argument.option or argument.name))


def test_every_argument_has_a_kind() -> None:
    """A new argument needs a `type` of `problem.arguments`, and a new kind hostile values."""
    without = [_names(one) for one in ARGUMENTS if one.kind not in VALUES]
    assert not without


@pytest.mark.parametrize("argument", ARGUMENTS, ids=_names)
def test_an_argument_of_another_kind_is_one_error(argument: Argument, command: Runner) -> None:
    there = place(command.folder)
    before = command.files()
    others = [
        other
        for other in ARGUMENTS
        if other.command == argument.command and other.required and other != argument
    ]
    rest: list[str] = ["--as=data-scientist"] if argument.command == ("handoff", "accept") else []
    before_it, after_it = [], []
    for other in others:
        good = next(value for value, names in GOOD.items() if other.name in names)
        if other.option:
            rest.append(f"{other.option}={good}")
        elif ARGUMENTS.index(other) < ARGUMENTS.index(argument):
            before_it.append(good)
        else:
            after_it.append(good)
    wrong = {}
    for pattern in VALUES[str(argument.kind)]:
        value = pattern.format(**there)
        words = [f"{argument.option}={value}"] if argument.option else ["--", *before_it, value]
        placed = [*before_it, *after_it] if argument.option else after_it
        line = [*argument.command, *rest, *words, *placed]
        outcome = command.read_only_the_words(*line)
        if not outcome.is_one_error():
            wrong[pattern[:60]] = outcome
    assert not wrong
    assert command.files() == before


@pytest.mark.parametrize("port", ["--port=8001", "PORT"])
def test_two_servers_on_one_port_are_one_error(port: str, command: Runner) -> None:
    words = ["serving", "run", "--operate-port=8001", "--bundle=nowhere", "--rehearsal"]
    outcome = command(*words, PORT="8001") if port == "PORT" else command(*words, port)
    assert outcome.is_one_error()
    assert "--operate-port" in outcome.errors
