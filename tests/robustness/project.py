"""A project in which a case adopts its table, and what the project says about it afterwards."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import journey

# Inputs beside the repository, which it does not copy.
HANDED = journey.ROOT.parent / "shared" / "cases" / "tables"
# What the project holds after a table was adopted, read by its own code.
FACTS = """
import json
from data.contract import ROW
from engine.data.columns import columns
from engine.data.load import load
from engine.leakage import find
from engine.problem.spec import read
problem = read()
frame = load(problem, ROW)
inputs = columns(problem, ROW, frame)
print(json.dumps({
    "task": problem.target.task,
    "inputs": [column.name for column in inputs],
    "leaks": [sorted(leak.columns) for leak in find(problem, frame, list(inputs))],
    "excluded": dict(problem.columns.excluded),
    "types": {
        name: str(column.dtype).replace("string[pyarrow]", "str")
        for name, column in ROW.columns.items()
    },
    "metadata": {name: column.metadata or {} for name, column in ROW.columns.items()},
    "rows": len(frame),
    "distinct": {name: int(frame[name].nunique()) for name in frame},
    "missing": {name: int(frame[name].isna().sum()) for name in frame},
    "lowest": {name: str(frame[name].min()) for name in frame},
    "highest": {name: str(frame[name].max()) for name in frame},
}))
"""


@dataclass(frozen=True)
class Adopted:
    """What a command printed, and its exit code; `error` is the code of a refusal."""

    exit_code: int
    output: str

    @property
    def error(self) -> str:
        """The stable code in `error[code]: …`; empty if there is none."""
        return self.output.partition("error[")[2].partition("]")[0]

    @cached_property
    def words(self) -> str:
        """The output with every run of blanks as one: a table wraps its lines."""
        return " ".join(self.output.split())


@dataclass(frozen=True)
class Project:
    """A rendered project in `path`, and the Python that runs it."""

    path: Path
    python: Path

    def handed(self, name: str) -> None:
        """Copy the files of a case beside the repository into the project.

        Raises:
            FileNotFoundError: the cases are not there (see `available`).
        """
        for file in (HANDED / name).iterdir():
            if file.name != "README":
                shutil.copyfile(file, self.path / file.name)

    def write(self, name: str, text: str | bytes) -> None:
        """Write a file as it is given, line ends included; a text in UTF-8."""
        (self.path / name).write_bytes(text.encode() if isinstance(text, str) else text)

    def run(self, *words: str) -> Adopted:
        """Run `python -m …` as a person does."""
        done = subprocess.run(
            [str(self.python), "-m", *words],
            cwd=self.path,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"COLUMNS": "300"},
        )
        return Adopted(done.returncode, done.stdout + done.stderr)

    def adopt(self, file: str, target: str, *words: str) -> Adopted:
        """Adopt a table: `python -m data adopt FILE --target TARGET …`."""
        return self.run("data", "adopt", file, "--target", target, *words)

    def facts(self) -> dict[str, Any]:
        """What the project now knows of its table: types, inputs, rows, values.

        Raises:
            AssertionError: the table cannot be loaded.
        """
        done = subprocess.run(
            [str(self.python), "-c", FACTS],
            cwd=self.path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        facts: dict[str, Any] = json.loads(done.stdout)
        return facts


def available() -> bool:
    """Whether the handed cases are beside the repository."""
    return HANDED.is_dir()
