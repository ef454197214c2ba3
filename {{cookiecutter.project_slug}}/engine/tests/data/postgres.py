"""A PostgreSQL of the test's own: a new cluster on a free port of this machine, gone afterwards."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Holds every sign that must be percent-encoded in an address.
PASSWORD = "s3cr:t/@ä%?#&"  # noqa: S105  # of a cluster that lives for a test
ENCODED = "s3cr%3At%2F%40%C3%A4%25%3F%23%26"


def binaries() -> Path | None:
    """Where PostgreSQL's programs are; None where it is not installed."""
    on_path = shutil.which("initdb")
    paths = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    folders = [Path(on_path).resolve().parent] if on_path else []
    return next((place for place in [*folders, *paths] if (place / "initdb").exists()), None)


@contextmanager
def cluster(programs: Path) -> Iterator[str]:
    """The address of a new, empty database; it ends, and its files go, with the block."""
    # Not pytest's folder: PostgreSQL will not run as root, and nobody else may enter that one.
    home = Path(tempfile.mkdtemp(prefix="postgres-"))
    secret = home / "password"
    secret.write_text(PASSWORD, "utf-8")
    person: dict[str, Any] = {}
    if os.name == "posix" and os.geteuid() == 0:
        person = {"user": "postgres", "group": "postgres", "extra_groups": []}
        for path in (home, secret):
            shutil.chown(path, "postgres", "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(program: str, *words: str) -> None:
        with (home / "log").open("ab") as log:  # a pipe would be held open by the server
            done = subprocess.run(
                [str(programs / program), *words, "-D", str(home / "data")],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=home,
                check=False,
                **person,
            )
        assert done.returncode == 0, (home / "log").read_text("utf-8", errors="replace")

    try:
        run("initdb", "-U", "tester", "-A", "scram-sha-256", "--pwfile", str(secret), "-E", "UTF8",
            "--locale=C", "--no-sync")  # fmt: skip
        options = f"-h 127.0.0.1 -p {port} -k {home} -F"
        # Waits until it answers; stopping ends the process that this cluster's own file names.
        run("pg_ctl", "start", "-w", "-o", options)
        try:
            yield f"postgresql://tester:{ENCODED}@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "stop", "-w", "-m", "immediate")
    finally:
        shutil.rmtree(home)
