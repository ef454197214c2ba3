"""Makes a project a data set once: rendered, framed, trained and built; hands out copies of it."""

import os
import shutil
import threading
from dataclasses import dataclass, field
from pathlib import Path

import journey
from tests.mutations.work import PROBLEM, TABLE, Work

# Tables beside the repository, which it does not copy.
TABLES = journey.ROOT.parent / "shared" / "data"
EXPORT = (
    "import sys; from engine.data.sources import read; "
    "read(sys.argv[1]).to_csv(sys.argv[2], index=False)"
)


@dataclass(frozen=True)
class Home:
    """A data set: rendered with the template's answer, or a table adopted and mended."""

    dataset: str = "parcels"
    table: str = ""
    target: tuple[str, ...] = ()
    known_after: tuple[str, ...] = ()


HOMES = {
    "adopted": Home(),  # rendered, to adopt a table that the case itself brings
    "parcels": Home("parcels"),
    "breast_cancer": Home("sklearn:breast_cancer"),
    "wine": Home("sklearn:wine"),
    "diabetes": Home("sklearn:diabetes"),
    "titanic": Home(table="titanic.csv", target=("--target", "survived"), known_after=("alive",)),
    "bikes": Home(
        table="bike_rentals.csv",
        target=("--target", "count", "--time", "datetime"),
        known_after=("casual", "registered"),
    ),
}


def available() -> list[str]:
    """The data sets that can be had here."""
    return [name for name, home in HOMES.items() if not home.table or TABLES.is_dir()]


@dataclass
class Workshop:
    """Projects below `root`, which run in the environment `project_env`."""

    root: Path
    project_env: Path
    _made: dict[str, Work] = field(default_factory=dict)
    _locks: dict[str, threading.Lock] = field(
        default_factory=lambda: {name: threading.Lock() for name in [*HOMES, ""]}
    )

    def copy(self, home: str, to: str, *, trained: bool = True) -> Work:
        """A copy of the data set's project in a folder named `to`, with a bundle if `trained`."""
        with self._locks[home]:
            made = self._rendered(home)
            if trained and not (made.path / "build").is_dir():
                made.train_and_build()
            work = self._work(self.root / to)
            shutil.copytree(made.path, work.path, symlinks=True)
        return work

    def _rendered(self, home: str) -> Work:
        if home not in self._made:
            about = HOMES[home]
            with self._locks[""]:  # rendering is short, and cookiecutter's memory one file
                answers = {"dataset": about.dataset, "project_slug": home}
                work = self._work(journey.render(answers, self.root / "homes"))
            if about.table:
                work.adopt(TABLES / about.table, *about.target)
                late = "".join(f'{name} = "known with the outcome"\n' for name in about.known_after)
                work.edit(PROBLEM, "[columns.known_after]\n", f"[columns.known_after]\n{late}")
            else:
                (work.path / TABLE).parent.mkdir(parents=True, exist_ok=True)
                work.compute(EXPORT, about.dataset, TABLE)
            work.commit()
            self._made[home] = work
        return self._made[home]

    def _work(self, path: Path) -> Work:
        path.parent.mkdir(parents=True, exist_ok=True)
        return Work(path, self.project_env / "bin" / "python", environment(self.root))


def environment(root: Path) -> dict[str, str]:
    """What commands may see: nothing of the caller's settings, and git signs as somebody."""
    visible = ("PATH", "TMPDIR", "LANG", "SYSTEMROOT")
    who = {"user.name": "Test", "user.email": "test@example.org"}
    settings = {
        f"GIT_CONFIG_{part}_{number}": text
        for number, setting in enumerate(who.items())
        for part, text in zip(("KEY", "VALUE"), setting, strict=True)
    }
    return {
        **{name: os.environ[name] for name in visible if name in os.environ},
        **settings,
        "GIT_CONFIG_COUNT": str(len(who)),
        "GIT_CONFIG_NOSYSTEM": "1",
        "HOME": str(root),
        "PYTHONHASHSEED": "0",
    }
