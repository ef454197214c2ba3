"""A project whose files are edited and whose commands are run, as a person would."""

import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.mutations.tables import Row, write_rows

PROBLEM, CONTRACT = "problem/problem.toml", "data/contract.py"
FEATURES, MODEL = "poc/features.py", "poc/model.py"
TABLE = "data/raw/table.csv"
# The line of the feature code after which the numbers of all rows are at hand, as `made`.
NUMBERS = "            made[:, place] = 0.0 if self.empty_[place] else values\n"
# What training leaves behind, and a new training must not find.
TRAINED = ("mlflow.db", "mlartifacts", "build")
REFUSED = 3

# As `handoff check --json`, of the quick checks and one more.
CHECK = """
import json, sys
from engine.bundle.record import latest
from engine.gate.gate import validate
from handoff.gate import CHECKS
from poc.model import MODEL
checks = [check for check in CHECKS if not check.slow_note or check.name == sys.argv[1]]
verdict = validate(latest(), MODEL, checks)
print(json.dumps(verdict.to_json()))
sys.exit(0 if verdict.outcome == "passed" else 3)
"""


class Stopped(Exception):
    """A command failed before the gate ran."""


@dataclass(frozen=True)
class Verdict:
    """The gate's verdict: each check that refuses, with what it measured."""

    exit_code: int
    passed: bool
    refusals: Mapping[str, str]


@dataclass(frozen=True)
class Work:
    """A rendered project in `path`; `env` is all that its commands see of the environment."""

    path: Path
    python: Path
    env: Mapping[str, str]

    # --- commands ---------------------------------------------------------------------------------

    def run(self, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command in the project; the caller checks its exit code."""
        return subprocess.run(
            words,
            cwd=cwd or self.path,
            env=dict(self.env),
            capture_output=True,
            text=True,
            check=False,
        )

    def must(self, *words: str) -> str:
        """Run `python -m WORDS` and return what it printed.

        Raises:
            Stopped: the exit code is not 0.
        """
        done = self.run(str(self.python), "-m", *words)
        if done.returncode != 0:
            raise Stopped(f"python -m {' '.join(words)}: exit {done.returncode}: {done.stderr}")
        return done.stdout

    def compute(self, code: str, *words: str) -> None:
        """Run a few lines of Python with the project's packages, `words` as its arguments."""
        done = self.run(str(self.python), "-c", code, *words)
        assert done.returncode == 0, done.stderr

    def commit(self) -> None:
        """Everything as it stands, in git."""
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", "Work")

    def forget(self) -> None:
        """No run and no bundle of former work is left; what was accepted is."""
        for name in TRAINED:
            path = self.path / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def train_and_build(self) -> None:
        """Commit, train and build, as if for the first time."""
        self.forget()
        self.commit()
        self.must("poc", "train")
        self.must("handoff", "build")

    def accept(self) -> None:
        """Both teams sign for the bundle that was built last."""
        for role in ("data-scientist", "ml-engineer"):
            self.must("handoff", "accept", "--as", role)
        self.commit()

    def release(self, bundle_id: str) -> None:
        """Name a bundle as the one that is live."""
        path = self.path / "deploy/release.toml"
        text, times = re.subn(
            r'(?m)^champion = ".*"', f'champion = "{bundle_id}"', path.read_text("utf-8")
        )
        assert times == 1, f"champion stands {times} times in {path}"
        path.write_text(text, encoding="utf-8")

    def make_champion(self) -> None:
        """Train, build, check, sign and release the work as it is."""
        self.train_and_build()
        self.must("handoff", "check")
        self.commit()
        self.accept()
        self.release(self.bundle.name)

    def check(self, *, only: str | None = None) -> Verdict:
        """The gate's verdict on the bundle that was built last.

        With `only`, the checks that start no process run, and the check of that name: the whole
        gate retrains, runs notebooks and starts a server each time.

        Raises:
            Stopped: the gate did not run.
        """
        whole = ("-m", "handoff", "check", "--json")
        command = whole if only is None else ("-c", CHECK, only)
        done = self.run(str(self.python), *command)
        if done.returncode not in (0, REFUSED):
            raise Stopped(f"handoff check: exit {done.returncode}: {done.stderr}")
        verdict = json.loads(done.stdout)
        refusals = {
            one["check"]: one["measured"]
            for one in verdict["findings"]
            if one["verdict"] == "refuse"
        }
        return Verdict(done.returncode, verdict["verdict"] == "passed", refusals)

    # --- files of the project ---------------------------------------------------------------------

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace text that must be there."""
        replace(self.path / name, old, new)

    def set_value(self, key: str, value: str) -> None:
        """Give the one line `key = …` of problem.toml another value, in TOML."""
        path = self.path / PROBLEM
        text, times = re.subn(rf"(?m)^{key} = .*$", f"{key} = {value}", path.read_text("utf-8"))
        assert times == 1, f"{key} stands {times} times in {PROBLEM}"
        path.write_text(text, encoding="utf-8")

    def compute_otherwise(self, *lines: str) -> None:
        """Let the feature code do this, too, with all numbers, which it calls `made`."""
        self.edit(FEATURES, NUMBERS, NUMBERS + "".join(f"        {line}\n" for line in lines))

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(text, encoding="utf-8")

    def append(self, name: str, text: str) -> None:
        """Add text at the end of a file."""
        self.write(name, (self.path / name).read_text("utf-8") + text)

    # --- rows -------------------------------------------------------------------------------------

    @property
    def table(self) -> str:
        """The file of the data set; rendered ones have a copy of theirs, which nobody reads yet."""
        source: str = tomllib.loads((self.path / PROBLEM).read_text("utf-8"))["rows"]["source"]
        return source if (self.path / source).is_file() else TABLE

    def rows(self) -> list[Row]:
        """The table of the data set, as text."""
        with (self.path / self.table).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def set_rows(self, rows: list[Row]) -> None:
        """Let the project learn from these rows."""
        write_rows(self.path / self.table, rows)
        self.set_value("source", json.dumps(self.table))

    def adopt(self, table: Path, *words: str) -> None:
        """Frame the problem of a table that nobody has seen, as `data adopt` proposes it."""
        self.must("data", "adopt", str(table), *words)

    def adopt_rows(self, name: str, rows: list[Row], *words: str) -> None:
        """The same for rows that were made just now."""
        write_rows(self.path / f"data/raw/{name}.csv", rows)
        self.adopt(Path(f"data/raw/{name}.csv"), *words)

    def add(self, name: str, dtype: str, values: list[Any], *, nullable: bool = False) -> None:
        """Give the table a column, and the contract its rule; None is a missing value."""
        rows = self.rows()
        for row, value in zip(rows, values, strict=True):
            row[name] = "" if value is None else str(value)
        self.set_rows(rows)
        rule = f'"{name}": pa.Column({dtype}, nullable={nullable}, description="{name}"),'
        self.edit(CONTRACT, "    },\n    strict=True", f"        {rule}\n    }},\n    strict=True")

    def derive(self, name: str, dtype: str, value: Callable[[Row], Any]) -> None:
        """As `add`, each value worked out from its row."""
        self.add(name, dtype, [value(row) for row in self.rows()])

    # --- the bundle -------------------------------------------------------------------------------

    @property
    def bundle(self) -> Path:
        """The bundle that was built last."""
        return max(self.path.glob("build/bundles/*"), key=lambda path: path.stat().st_mtime)

    def lie(self, name: str, old: str, new: str) -> None:
        """Replace text in a file of the bundle, and make the manifest agree."""
        replace(self.bundle / name, old, new)
        self.reseal()

    def lie_in_json(self, name: str, change: Callable[[Any], object]) -> None:
        """Change a JSON file of the bundle, and make the manifest agree."""
        path = self.bundle / name
        value = json.loads(path.read_text("utf-8"))
        change(value)
        path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
        self.reseal()

    def reseal(self) -> None:
        """Let the manifest hold the digests of the files as they are, like a careful liar."""
        manifest = json.loads((self.bundle / "manifest.json").read_text("utf-8"))
        for name in manifest["files"]:
            if (self.bundle / name).is_file():
                content = (self.bundle / name).read_bytes()
                manifest["files"][name] = hashlib.sha256(content).hexdigest()
        (self.bundle / "manifest.json").write_text(json.dumps(manifest, indent=1), "utf-8")


def replace(path: Path, old: str, new: str) -> None:
    """Replace text that must be there; a file shared with other copies is left to them."""
    text = path.read_text("utf-8")
    assert old in text, f"{old!r} is not in {path}"
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text.replace(old, new), encoding="utf-8")
    os.replace(draft, path)
