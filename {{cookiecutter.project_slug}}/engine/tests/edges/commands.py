"""Finds every argument of every command, and runs a command as a person would."""

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from engine.problem.errors import run
from engine.problem.files import LARGEST

PACKAGES = ("problem", "data", "eda", "poc", "handoff", "serving", "monitoring", "journey")


@dataclass(frozen=True)
class Argument:
    """An argument that takes a value: `option` is None where only its place names it."""

    command: tuple[str, ...]
    name: str
    option: str | None
    kind: str | None
    required: bool


@dataclass(frozen=True)
class Outcome:
    """What a command left: its exit code and what it printed."""

    code: int
    printed: str
    errors: str

    def is_one_error(self) -> bool:
        """One line that begins with `error:`, or argparse's usage."""
        lines = self.errors.rstrip("\n").split("\n")
        progress = "loading ", "bundle "
        lines = [line for line in lines if not line.startswith(progress)]
        usage = lines[0].startswith("usage: ") and ": error: " in lines[-1]
        listed = lines[0].startswith("error[") and all(line[:2] == "  " for line in lines[1:])
        return self.code == 2 and (usage or listed) and "Traceback" not in self.errors


def module_of(package: str) -> ModuleType:
    """The module that `python -m package` runs."""
    name = package if package == "journey" else f"{package}.__main__"
    return importlib.import_module(name)


def parser_of(package: str) -> argparse.ArgumentParser:
    """The parser of a package's command."""
    parser: argparse.ArgumentParser = module_of(package).parser()
    return parser


def commands() -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    """The words of each command and its parser."""
    for package in PACKAGES:
        parser = parser_of(package)
        verbs = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
        if not verbs:
            yield (package,), parser
        for verb in verbs:
            for name, below in verb.choices.items():
                yield (package, name), below


def arguments() -> list[Argument]:
    """The arguments of all commands that take a value which no list of choices limits."""
    return [
        Argument(
            command,
            action.dest,
            action.option_strings[0] if action.option_strings else None,
            getattr(action.type, "__name__", None),
            action.required,
        )
        for command, parser in commands()
        for action in parser._actions
        if action.nargs != 0 and action.choices is None
    ]


class Runner:
    """Runs commands in a folder of their own, where nothing else is."""

    def __init__(
        self, folder: Path, patch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]
    ) -> None:
        self.folder, self._patch, self._captured = folder, patch, captured

    def __call__(self, *words: str, **environment: str) -> Outcome:
        """Run a command to its end in this process."""
        for name, value in environment.items():
            self._patch.setenv(name, value)
        return self._run(words, module_of(words[0]).main)

    def read_only_the_words(self, *words: str) -> Outcome:
        """Run as much of a command as reads its command line; code 0 if that takes the words."""
        return self._run(words, lambda given: 0 * len(vars(parser_of(words[0]).parse_args(given))))

    def _run(self, words: Sequence[str], main: Callable[[Sequence[str]], int]) -> Outcome:
        self._patch.chdir(self.folder)
        self._patch.setattr(sys, "argv", list(words))
        hook, handler = sys.unraisablehook, signal.getsignal(signal.SIGINT)
        self._captured.readouterr()
        try:
            with pytest.raises(SystemExit) as left:
                run(main)
        finally:
            sys.unraisablehook = hook
            signal.signal(signal.SIGINT, handler)
        message = self._captured.readouterr()
        return Outcome(_code(left.value.code), message.out, message.err)

    def files(self) -> dict[str, Any]:
        """All that is in the folder: what a file holds, where a link leads."""
        return {
            os.fsdecode(path.relative_to(self.folder)): _content(path)
            for path in sorted(self.folder.rglob("*"))
        }


def _code(value: object) -> int:
    assert isinstance(value, int)
    return value


def _content(path: Path) -> object:
    if path.is_symlink():
        return os.readlink(path)
    if not path.is_file():
        return None
    size = path.stat().st_size
    return path.read_bytes() if size <= LARGEST else size
