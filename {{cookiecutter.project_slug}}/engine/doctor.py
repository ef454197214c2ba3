"""Finds what this machine lacks for the project, and the next step: `make doctor`.

It runs on the system's Python with the standard library alone, because the environment may be what
is broken. So it imports nothing of the engine, and its syntax is older than the project's.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import build_opener

OLDEST = (3, 11)
PINS = Path("requirements/dev.txt")
# Each stands for a group of packages; what they import is most of the environment.
PACKAGES = ("numpy", "pandas", "sklearn", "mlflow", "fastapi", "duckdb")
PROBE = """
import importlib, json, sys
failed = {}
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except BaseException as error:
        failed[name] = "%s: %s" % (type(error).__name__, error)
print(json.dumps([list(sys.version_info[:3]), failed]))
"""
LEAST_FREE = 2 * 1024**3  # bytes; the environment alone needs 0.8 GB
WAIT_SECONDS = 5
PROBE_SECONDS = 300
DATABASE_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}


class FaultError(Exception):
    """What is wrong, and the next step; `code` stays when the wording changes."""

    def __init__(self, code: str, message: str, step: str) -> None:
        super().__init__(message)
        self.code, self.step = code, step


def python(venv: Path) -> str:
    """The Python that makes the environment."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < OLDEST:
        message = f"python3 is {version} ({sys.executable}); the project needs 3.11 or newer"
        raise FaultError("wrong-python", message, "install Python 3.11 and put it first on PATH")
    if not find_spec("ensurepip"):
        message = f"{sys.executable} has no module ensurepip, so it makes no environment"
        raise FaultError("no-venv", message, "install it, on Debian: apt install python3-venv")
    return version


def disk(venv: Path) -> str:
    """The free space of the project's disk."""
    free = shutil.disk_usage(".").free
    shown = "%.1f GB free" % (free / 1024**3)
    if free < LEAST_FREE:
        message = f"{shown} on the project's disk; it needs 2 GB"
        raise FaultError("disk-full", message, "remove files, such as build/ and old runs")
    return shown


def git(venv: Path) -> str:
    """The repository, and the name that signs."""
    if not shutil.which("git"):
        raise FaultError("no-git", "git is not on PATH", "install git")
    if _run("git", "rev-parse", "--is-inside-work-tree").returncode:
        step = 'git init --initial-branch main && git add --all && git commit --message "Start"'
        raise FaultError("no-repository", "the project is in no git repository", step)
    for key in ("user.name", "user.email"):
        if not _run("git", "config", key).stdout.strip():
            raise FaultError("no-git-name", f"git has no {key}", f"git config {key} '…'")
    return "a repository, and a name for commits and signatures"


def environment(venv: Path) -> str:
    """The environment in the project: it starts, has the pinned packages, and they import."""
    program = _python(venv)
    if not venv.exists():
        raise FaultError("no-environment", f"there is no {venv}", "make env")
    again = f"rm -rf {venv}, then make env"
    try:
        done = _run(program, "-c", PROBE, *PACKAGES)
        numbers, failed = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        message = f"{program} does not run: {error}"
        raise FaultError("broken-environment", message, again) from None
    version = ".".join(map(str, numbers))
    if tuple(numbers[:2]) < OLDEST:
        message = f"{program} is Python {version}; the project needs 3.11 or newer"
        raise FaultError("wrong-python", message, again)
    installed = venv / "pins.txt"
    if not installed.is_file() or installed.read_bytes() != PINS.read_bytes():
        raise FaultError("old-environment", f"{venv} has other pins than {PINS}", "make env")
    if failed:
        shown = "; ".join("{} ({})".format(*one) for one in sorted(failed.items()))
        raise FaultError("broken-environment", f"cannot import {shown}", again)
    return f"Python {version} and the pinned packages"


def rows(venv: Path) -> str:
    """The rows that problem.toml names."""
    source = _value("problem/problem.toml", "source")
    if source is None:
        message = "problem/problem.toml is missing, or names no source"
        raise FaultError("no-problem", message, "restore it: git restore problem/problem.toml")
    if source == "parcels" or source.startswith("sklearn:"):
        return f"{source} comes with the project"
    if not Path(source).is_file():
        message = f"the rows, {source}, are not on this machine; git holds none"
        step = f"copy them to {source}; docs/how-we-work.md has how teams share rows"
        if _value("data/rows.toml", "source") == source:
            step = "{} -m data fetch (from {})".format(
                _python(venv), _value("data/rows.toml", "place")
            )
        raise FaultError("missing-rows", message, step)
    if source.lower().endswith(".sql"):
        address = os.environ.get("DATABASE_URL", "")
        if not address:
            message = f"{source} is a query, and DATABASE_URL names no database"
            raise FaultError("no-database", message, "set DATABASE_URL to your team's database")
        _reach("DATABASE_URL", address, "unreachable-database")
    return source


def runs(venv: Path) -> str:
    """The store of training runs."""
    address = os.environ.get("MLFLOW_TRACKING_URI", "")
    if address:
        _reach("MLFLOW_TRACKING_URI", address, "unreachable-runs")
        return "MLFLOW_TRACKING_URI"
    if Path("mlflow.db").is_file():
        return "mlflow.db, on this machine alone"
    return "none on this machine yet; a team's server is named by MLFLOW_TRACKING_URI"


def bundles(venv: Path) -> str:
    """The store of bundles, and the released one in it."""
    store, champion = os.environ.get("BUNDLES", ""), _value("deploy/release.toml", "champion")
    if store and not Path(store).is_dir():
        message = f"BUNDLES names {store}, which is no folder here"
        raise FaultError("no-store", message, "mount it, or change BUNDLES")
    folder = Path(store or "bundles")
    if champion and not (folder / champion).is_dir():
        message = f"deploy/release.toml names bundle {champion[:12]}, which {folder} lacks"
        raise FaultError("champion-not-in-store", message, "set BUNDLES to your team's store")
    return "{}{}".format(folder, ", with the champion" if champion else "; nothing is released")


def main(words: list[str]) -> int:
    """Print a line for each check, and the next step of each fault; 2 if there is one."""
    venv, faults = Path(words[0] if words else ".venv"), 0
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    for check in (python, disk, git, environment, rows, runs, bundles):
        try:
            print(f"ok     {check.__name__:<12} {check(venv)}", flush=True)
        except (FaultError, OSError, subprocess.SubprocessError) as error:
            faults += 1
            code = getattr(error, "code", "unreadable")
            print(f"FAULT  {check.__name__:<12} error[{code}]: {error}")
            step = getattr(error, "step", "fix it, then run make doctor again")
            print(f"{'':20}next: {step}")
    return 2 if faults else 0


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    """A finished process with what it printed."""
    return subprocess.run(
        words, capture_output=True, encoding="utf-8", errors="replace", check=False,
        timeout=PROBE_SECONDS,
    )  # fmt: skip


def _python(venv: Path) -> str:
    return (venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")).as_posix()


def _value(file: str, key: str) -> str | None:
    """A text in a TOML file by its key, which the file has once; None if it has none.

    Python has a parser of TOML from 3.11 on, and an older one may run this.
    """
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    match = re.search(rf"^{key} *= *([\"'])(.*?)\1", text, re.MULTILINE)
    return match.group(2) if match else None


def _reach(variable: str, address: str, code: str) -> None:
    """Raise a FaultError if nothing responds at an address; it may hold a password."""
    shown = "the address"
    try:
        parts = urlsplit(address)
        kind, host, port = parts.scheme.partition("+")[0], parts.hostname, parts.port
        shown = "{}://{}{}".format(kind, host or "", f":{port}" if port else "")
        if kind in ("http", "https"):
            try:
                url = address.rstrip("/") + "/health"
                build_opener().open(url, timeout=WAIT_SECONDS).close()
            except HTTPError as error:
                if error.code >= 500:
                    raise OSError(f"it responds with {error.code}") from None
        elif kind in DATABASE_PORTS and host:
            place = host, port or DATABASE_PORTS[kind]
            socket.create_connection(place, WAIT_SECONDS).close()
        elif kind == "sqlite":
            shown = address
            path = Path(re.sub(r"^[^:]*:///", "", address))
            if not path.parent.is_dir():
                raise OSError(f"there is no folder {path.parent}")
        elif kind not in DATABASE_PORTS:
            raise ValueError("it is no address of a kind that is known here")
    except (OSError, ValueError) as error:
        message = f"{shown}, of {variable}, does not respond: {error}"
        step = f"start it or your network (a VPN?), or change {variable}"
        raise FaultError(code, message, step) from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
