"""Runs a marimo notebook without a browser, all cells in one process.

This uses documented features of marimo only: a notebook is a Python file, `app` is the notebook,
and `app.run()` returns the output of each cell in the order of the file.
"""

import ast
import io
import re
import runpy
import sys
import textwrap
import traceback
from collections.abc import Iterable
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

from engine.problem.errors import BadInput, command
from engine.problem.files import read_text

Defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
APP = re.compile(r"^app = marimo\.App\(", re.MULTILINE)


@dataclass(frozen=True)
class Cell:
    """A cell of the file, from line `first` to line `last`, numbered from 1.

    `has_output`: marimo returns an output for it. Once it ran, `output` is the value of its last
    expression, and `printed` the text that it printed.
    """

    name: str
    first: int
    last: int
    code: str
    hidden: bool = False
    has_output: bool = True
    output: Any = None
    printed: str = ""


def is_notebook(path: Path) -> bool:
    """Whether a Python file is a marimo notebook: it makes an `app` of `marimo.App`."""
    return bool(APP.search(path.read_text(encoding="utf-8", errors="replace")))


def cells(path: Path) -> list[Cell]:
    """The cells in the order of the file; BadInput if it is no marimo notebook."""
    then = f"`{command('marimo edit FILE.py')}` makes one"
    text = read_text(path, "a marimo notebook", then)
    if not APP.search(text):
        message = f"{path} is not a marimo notebook: it has no line `app = marimo.App()`; {then}"
        raise BadInput(message, code="not-a-notebook")
    try:
        body = ast.parse(text).body
    except (SyntaxError, RecursionError, MemoryError) as error:  # the parser has limits
        fault = "nested too deeply for Python"
        if isinstance(error, SyntaxError):
            fault = f"line {error.lineno}: {error.msg}"
        message = f"{path}, {fault}; correct it, then run again"
        raise BadInput(message, code="notebook-syntax") from None
    result: list[Cell] = []
    for node in body:
        cell = _cell(node, len(result) + 1, text.splitlines())
        result += [cell] if cell else []
    return result


def run(path: Path) -> list[Cell]:
    """Run all cells, in the order of the file; BadInput names a cell that fails or was stopped."""
    cells_, printed = cells(path), _Printed(path)
    try:
        with redirect_stdout(printed):
            app = runpy.run_path(str(path), run_name=path.stem)["app"]
            outputs, _ = app.run()
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {error}".strip(": ")
        line = _last_line(path, traceback.walk_tb(error.__traceback__))
        failed = [cell.name for cell in cells_ if cell.first <= line <= cell.last]
        place = f"{path}, {failed[0]}, line {line}" if failed else f"{path} does not run"
        message = f"{place}: {reason}; correct it with "
        message += f"`{command(f'marimo edit {path}')}`, then run again"
        raise BadInput(message, code="notebook-cell-failed") from error
    expected = sum(cell.has_output for cell in cells_)
    if len(outputs) != expected:
        message = f"{path}: {expected - len(outputs)} of {expected} cells did not run, "
        message += "because a cell stopped them (mo.stop); let them run without a button"
        raise BadInput(message, code="notebook-stopped")
    remaining = iter(outputs)
    return [
        replace(
            cell,
            output=next(remaining) if cell.has_output else None,
            printed="".join(t for line, t in printed.texts if cell.first <= line <= cell.last),
        )
        for cell in cells_
    ]


def _cell(node: ast.stmt, number: int, lines: list[str]) -> Cell | None:
    """The cell of a statement; None if marimo's decorator does not make it one."""
    last = node.end_lineno or node.lineno
    if isinstance(node, ast.With) and ast.unparse(node.items[0].context_expr) == "app.setup":
        return Cell("setup", node.lineno, last, _body(node, lines), has_output=False)
    if not isinstance(node, Defined):
        return None
    for decorator in node.decorator_list:
        kind, _, options = ast.unparse(decorator).partition("(")
        if kind not in ("app.cell", "app.function", "app.class_definition"):
            continue
        name = f"cell {number}" if node.name == "_" else node.name
        whole = "\n".join(lines[node.lineno - 1 : last])
        code = _body(node, lines) if kind == "app.cell" else whole
        hidden, disabled = "hide_code=True" in options, "disabled=True" in options
        return Cell(name, decorator.lineno, last, code, hidden, not disabled)
    return None


def _body(node: Defined | ast.With, lines: list[str]) -> str:
    """The source of the body, without marimo's own `return`."""
    first, last = node.body[0].lineno, node.end_lineno or node.lineno
    while lines[first - 2].lstrip().startswith("#"):
        first -= 1
    if isinstance(node.body[-1], ast.Return):
        last = node.body[-1].lineno - 1
    return textwrap.dedent("\n".join(lines[first - 1 : last])).strip()


def _last_line(path: Path, frames: Iterable[tuple[FrameType, int]]) -> int:
    """The line of the last of the frames that belongs to the notebook; 0 if none does."""
    names = {str(path), str(path.resolve())}
    lines = [line for frame, line in frames if frame.f_code.co_filename in names]
    return lines[-1] if lines else 0


class _Printed(io.TextIOBase):
    """Collects printed texts, each with the line of the notebook that was running."""

    def __init__(self, path: Path) -> None:
        self.path, self.texts = path, list[tuple[int, str]]()

    def write(self, text: str) -> int:
        # From the innermost frame outwards: the last one belongs to the cell, not to a function.
        self.texts.append((_last_line(self.path, traceback.walk_stack(sys._getframe(1))), text))
        return len(text)
