"""Do the notebooks still run, from top to bottom, in a process that starts afresh?

Notebooks are code of the repository and run as its tests do, with the same rights. They run in a
copy of the project, so that nothing they write stays, and what only one machine has (an old run, a
file in build/) is not there to lean on.
"""

import ast
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from engine.eda.notebooks.cells import is_notebook
from engine.gate.checks.check import CheckContext, Result
from engine.pages.formatting import count

FOLDERS = ("eda", "poc")
SECONDS = 300  # a notebook; one that takes longer is a training, and belongs into a module
RAW = Path("data/raw")  # linked into the copy, because data may be large
NOT_COPIED = {"build", "bundles", "logs", "mlartifacts", "raw"}
NEXT = (
    "mend what is named; an .ipynb: Restart Kernel and Run All Cells, then clear all outputs and "
    "save (its kernel starts in its own folder: `%cd ..` leads to the project's)"
)


def notebooks(evidence: CheckContext) -> Result:
    """Every marimo notebook and every .ipynb in eda/ and poc/ runs, and holds no old outputs."""
    del evidence  # they are judged as they stand in the repository, whatever the bundle
    return judge(Path())


def judge(root: Path, seconds: int = SECONDS) -> Result:
    """Run the notebooks of the project in `root`, each for `seconds` at most.

    As people start them: marimo from the project's folder; a Jupyter kernel in the notebook's own.
    """
    found = list(_found(root))
    required = "notebooks run from top to bottom in a fresh process, and hold no outputs"
    if not found:
        return Result("not applicable", "no notebook in eda/ or poc/", required)
    failed = []
    before = _raw(root)
    with _copy(root) as copy:
        for path in found:
            run = _run_jupyter if path.suffix == ".ipynb" else _run_marimo
            if said := _committed(root / path) or run(copy, path, seconds):
                failed.append(f"{path.as_posix()}{said}")
    if _raw(root) != before:
        failed.append(f"a notebook changed {RAW.as_posix()}, which everything is measured by")
    if failed:
        return Result("refuse", "; ".join(failed), required, NEXT)
    return Result("pass", f"{count(len(found), 'notebook')} ran: {_listed(found)}", required)


def _found(root: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if any(part.startswith((".", "__")) for part in path.relative_to(root).parts[:-1]):
                continue  # what Jupyter and marimo keep for themselves
            if path.suffix == ".ipynb" or (path.suffix == ".py" and is_notebook(path)):
                yield path.relative_to(root)


def _listed(paths: list[Path]) -> str:
    return ", ".join(path.as_posix() for path in paths)


@contextmanager
def _copy(root: Path) -> Iterator[Path]:
    """The project's files, without what commands have made, in a folder that goes away."""

    def left_out(folder: str, names: list[str]) -> set[str]:
        return {
            name
            for name in names
            if name.startswith(".")
            or name in NOT_COPIED
            or Path(folder, name, "pyvenv.cfg").exists()
        }

    # A kernel that crashed may hold files open for a moment; the copy is not worth failing for.
    with tempfile.TemporaryDirectory(prefix="notebooks-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder, "project")
        shutil.copytree(root, copy, ignore=left_out)
        if (root / RAW).is_dir():
            try:
                (copy / RAW).symlink_to((root / RAW).resolve(), target_is_directory=True)
            except OSError:  # where links need a right of their own
                shutil.copytree(root / RAW, copy / RAW)
        yield copy


def _raw(root: Path) -> dict[str, tuple[int, int]]:
    """Size and time of every raw file, to see whether one was changed."""
    files = [path for path in (root / RAW).rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


def _environment() -> dict[str, str]:
    """What a notebook is started with.

    Runs that it may record stay in the copy, with the rest. One thread a fit: where cores are
    busy, threads wait for each other and a notebook takes many times as long.
    """
    kept = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    return {**kept, "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def _run_marimo(copy: Path, path: Path, seconds: int) -> str:
    """What went wrong, or nothing."""
    page = copy.parent / "page.html"
    command = [sys.executable, "-m", "eda", "notebook", path.as_posix(), "--out", str(page)]
    ran = subprocess.Popen(
        command,
        cwd=copy,
        env=_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    try:
        _, errors = ran.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        _end(ran)
        return f": not done after {seconds} s"
    if ran.returncode == 0:
        return ""
    lines = errors.strip().splitlines() or [f"ended with {ran.returncode}"]
    said = next((line for line in lines if line.startswith("error[")), lines[-1])
    return ": " + said.partition("]: ")[2].removeprefix(f"{path.as_posix()}, ")


def _end(process: "subprocess.Popen[str]") -> None:
    """End a process and what it has started, and take back what it held."""
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.communicate()


def _run_jupyter(copy: Path, path: Path, seconds: int) -> str:
    """What went wrong, or nothing."""
    notebook = _read(copy / path)
    until, at = time.monotonic() + seconds, [0]
    client = NotebookClient(
        notebook,
        kernel_name="python3",  # this environment's, whatever the notebook was written with
        timeout_func=lambda _: max(1, int(until - time.monotonic())),
        on_cell_start=lambda cell, cell_index: at.__setitem__(0, cell_index),
        resources={"metadata": {"path": str((copy / path).parent)}},
    )
    env = {**_environment(), "IPYTHONDIR": str(copy.parent / "ipython")}
    try:
        client.execute(env=env)
    except CellExecutionError as error:
        said = f"{error.ename}: {error.evalue}".splitlines()[0]
        return f", {_named(notebook, at[0])}: {said}{_later(notebook, at[0], error)}"
    except CellTimeoutError:
        return f", {_named(notebook, at[0])}: not done after {seconds} s"
    except (DeadKernelError, RuntimeError) as error:
        return f", {_named(notebook, at[0])}: the kernel ended ({error})"
    return ""


def _read(path: Path) -> Any:
    text = path.read_text(encoding="utf-8")
    return nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]


def _committed(path: Path) -> str:
    """What an .ipynb holds that running it should make, or nothing."""
    if path.suffix != ".ipynb":
        return ""
    try:
        cells = _read(path).cells
    except (OSError, ValueError, AttributeError, nbformat.ValidationError) as error:
        return f": Jupyter cannot read it ({str(error).splitlines()[0]})"
    full = [
        str(i)
        for i, cell in enumerate(cells, 1)
        if cell.get("outputs") or cell.get("execution_count")
    ]
    if not full:
        return ""
    return f", cell {', '.join(full)}: committed with outputs or run numbers, which may be stale"


def _named(notebook: Any, index: int) -> str:
    """A cell as its reader finds it: its place, and how it begins."""
    lines = notebook.cells[index].source.strip().splitlines() or [""]
    return f"cell {index + 1} (“{lines[0][:40]}”)"


def _later(notebook: Any, index: int, error: CellExecutionError) -> str:
    """Where a missing name is made further down: the sign of cells run out of order."""
    name = re.search(r"name '(\w+)' is not defined", error.evalue)
    if error.ename != "NameError" or not name:
        return ""
    for later, cell in enumerate(notebook.cells[index + 1 :], index + 2):
        if cell.cell_type == "code" and name[1] in _made(cell.source):
            return f", which only cell {later} makes: it was run out of order"
    return ""


def _made(source: str) -> set[str]:
    """The names that a cell makes."""
    plain = "\n".join("" if re.match(r"\s*[%!]", line) else line for line in source.splitlines())
    try:
        nodes = list(ast.walk(ast.parse(plain)))
    except SyntaxError:
        return set()
    stored = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    defined = {n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    imported = {
        (name.asname or name.name).split(".")[0]
        for n in nodes
        if isinstance(n, ast.Import | ast.ImportFrom)
        for name in n.names
    }
    return stored | defined | imported
