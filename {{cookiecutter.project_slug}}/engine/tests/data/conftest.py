"""An empty project to write into, and databases to read from."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.tests.data.postgres import binaries, cluster


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of the test: a project's folder with nothing framed in it yet."""
    root = tmp_path / "project"
    (root / "problem").mkdir(parents=True)
    (root / "data").mkdir()
    monkeypatch.chdir(root)
    return root


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL; skip where none is installed, unless POSTGRES_REQUIRED."""
    programs = binaries()
    if programs is None:
        refuse = pytest.fail if os.environ.get("POSTGRES_REQUIRED") else pytest.skip
        refuse("no PostgreSQL is installed here")
    with cluster(programs) as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def database(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The address of an SQLite file or of PostgreSQL, set as the environment would."""
    if request.param == "sqlite":
        address = f"sqlite:///{(tmp_path / 'rows.db').as_posix()}"
    else:
        address = request.getfixturevalue("postgres")
    monkeypatch.setenv("DATABASE_URL", address)
    return address
