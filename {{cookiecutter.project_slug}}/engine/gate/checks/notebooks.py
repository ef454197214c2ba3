"""Runs the notebooks from top to bottom, each in a fresh process, in a copy of the project.

Nothing they write stays, and files of one machine (an old run, build/) are absent.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from engine.eda.notebooks.cells import is_notebook
from engine.gate.checks.check import CheckContext, Result, link, pass_without
from engine.pages.formatting import count

FOLDERS = ("eda", "poc")
SECONDS = 300  # per notebook; longer work is training and belongs in a module
RAW = Path("data/raw")  # linked into the copy, because data may be large
NOT_COPIED = (".*", "build", "bundles", "logs", "mlartifacts", "raw", "env", "venv")
NEXT = "Fix the cell. In Jupyter: Restart Kernel and Run All Cells, clear all outputs and save."


def notebooks(_: CheckContext) -> Result:
    """Every marimo notebook and every .ipynb in eda/ and poc/ runs and holds no outputs."""
    return run_notebooks(Path())


def run_notebooks(root: Path, seconds: int = SECONDS) -> Result:
    """Run the notebooks of the project in `root`, each for at most `seconds`.

    Like a person: marimo from the project's folder, a Jupyter kernel from the notebook's folder.
    """
    paths = []
    for path in sorted(path for folder in FOLDERS for path in (root / folder).rglob("*")):
        relative = path.relative_to(root)
        is_cache = any(part.startswith((".", "__")) for part in relative.parts[:-1])
        is_marimo = path.suffix == ".py" and not is_cache and is_notebook(path)
        if is_marimo or (path.suffix == ".ipynb" and not is_cache):
            paths.append(relative)
    required = "notebooks run from top to bottom in a fresh process and hold no outputs"
    if not paths:
        return Result("not applicable", "no notebook in eda/ or poc/", required)
    faults, before = [], _raw(root)
    # A crashed kernel may hold files open for a short time; that is no reason to fail.
    with tempfile.TemporaryDirectory(prefix="notebooks-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder, "project")
        shutil.copytree(root, copy, ignore=shutil.ignore_patterns(*NOT_COPIED))
        if (root / RAW).is_dir():
            link(root / RAW, copy / RAW)
        for path in paths:
            run = _run_jupyter if path.suffix == ".ipynb" else _run_marimo
            if fault := run(copy, path, seconds):
                faults.append(f"{path.as_posix()}{fault}")
    if _raw(root) != before:
        faults.append(f"a notebook changed {RAW.as_posix()}, the data of every measurement")
    names = ", ".join(path.as_posix() for path in paths)
    return pass_without(faults, f"{count(len(paths), 'notebook')} ran: {names}", required, NEXT)


def _raw(root: Path) -> dict[str, tuple[int, int]]:
    """Size and time of every raw file, which show whether one was changed."""
    files = [path for path in (root / RAW).rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


def _environment() -> dict[str, str]:
    # Runs stay in the copy. One thread: on busy cores, more are slower.
    env = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    return {**env, "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def _run_marimo(copy: Path, path: Path, seconds: int) -> str:
    page = copy.parent / "page.html"
    words = [sys.executable, "-m", "eda", "notebook", path.as_posix(), "--out", str(page)]
    options: dict[str, Any] = {"cwd": copy, "env": _environment(), "start_new_session": True}
    options |= {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "errors": "replace"}
    process: subprocess.Popen[str] = subprocess.Popen(words, encoding="utf-8", **options)
    try:
        _, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        if hasattr(os, "killpg"):  # with all processes that the notebook started
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.communicate()
        return f": not finished after {seconds} s"
    if process.returncode == 0:
        return ""
    lines = errors.strip().splitlines() or [f"exit code {process.returncode}"]
    line = next((line for line in lines if line.startswith("error[")), lines[-1])
    return ": " + line.partition("]: ")[2].removeprefix(f"{path.as_posix()}, ")


def _run_jupyter(copy: Path, path: Path, seconds: int) -> str:
    """The fault of the notebook; empty if it holds no outputs of an earlier run, and runs."""
    try:
        text = (copy / path).read_text(encoding="utf-8")
        notebook = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
        numbered = list(enumerate(notebook.cells, start=1))
    except (OSError, ValueError, AttributeError, nbformat.ValidationError) as error:
        return f": Jupyter cannot read it ({str(error).splitlines()[0]})"
    if used := [str(i) for i, c in numbered if c.get("outputs") or c.get("execution_count")]:
        return f", cell {', '.join(used)}: committed with outputs or run numbers, maybe outdated"
    until, current = time.monotonic() + seconds, [0]
    client = NotebookClient(
        notebook,
        kernel_name="python3",  # this environment's, whichever the notebook names
        timeout_func=lambda _: max(1, int(until - time.monotonic())),
        on_cell_start=lambda cell, cell_index: current.__setitem__(0, cell_index),
        resources={"metadata": {"path": str((copy / path).parent)}},
    )
    try:
        client.execute(env={**_environment(), "IPYTHONDIR": str(copy.parent / "ipython")})
    except CellExecutionError as error:
        fault = f"{error.ename}: {error.evalue}".splitlines()[0]
    except CellTimeoutError:
        fault = f"not finished after {seconds} s"
    except (DeadKernelError, RuntimeError) as error:
        fault = f"the kernel ended ({error})"
    else:
        return ""
    first_line = notebook.cells[current[0]].source.strip().partition("\n")[0]
    return f", cell {current[0] + 1} (“{first_line[:40]}”): {fault}"
