"""`make ui`: MLflow's page about the recorded runs, for this machine alone."""

import argparse
import os
import sys
from collections.abc import Sequence

from engine.problem.arguments import port, text, variable
from engine.problem.errors import BadInput, command, run
from engine.training.record.tracking import ADDRESS, DATABASE, STORE

HOST, PORT = "127.0.0.1", 5000


def main(words: Sequence[str]) -> int:
    """Serve the page until Ctrl-C; where the runs are on a server, name its page."""
    parser = argparse.ArgumentParser(prog="make ui", description=__doc__)
    parser.add_argument("--port", type=port, default=PORT, help="port of the page")
    given = parser.parse_args(words)
    store = variable(ADDRESS, text) or STORE
    if store.startswith(("http:", "https:")):
        print(f"The runs are on a server, whose page is {store.rpartition('@')[2]}")
        return 0
    if store == STORE and not DATABASE.exists():
        raise BadInput(
            f"There is no {DATABASE}: no run was recorded here. Train one with "
            f"`{command('poc train')}`, or set {ADDRESS} to your team's server.",
            code="no-runs",
        )
    print(f"MLflow's page: http://{HOST}:{given.port} (Ctrl-C stops it)", flush=True)
    # In a variable, because everybody on the machine can read a command line with a password.
    options = {"MLFLOW_BACKEND_STORE_URI": store, "MLFLOW_DISABLE_TELEMETRY": "true"}
    # Seven processes for jobs that only evaluations of language models need.
    options["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    server = [sys.executable, "-m", "mlflow", "server", "--host", HOST, "--workers", "1"]
    server += ["--port", str(given.port)]
    # The server takes this process over: whatever stops it stops the server.
    os.execve(sys.executable, server, os.environ | options)  # noqa: S606  # our own Python


if __name__ == "__main__":
    run(main)
