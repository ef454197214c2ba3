"""Runs a marimo notebook without a browser, cell by cell, as one process that starts afresh.

Only marimo's documented ways are used: its files are Python, `app` is the notebook, and `app.run()`
gives the output of each cell in the order of the file.
"""

import ast
import io
import runpy
import sys
import textwrap
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine.problem.errors import BadInput
from engine.problem.files import read_text

Kind = Literal["setup", "cell", "function"]
Defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
DECORATORS: dict[str, Kind] = {
    "app.cell": "cell",
    "app.function": "function",
    "app.class_definition": "function",
}


@dataclass(frozen=True)
class Cell:
    """A cell as it stands in the file: lines are numbered from 1, `last` is part of it."""

    name: str
    kind: Kind
    first: int
    last: int
    code: str
    hidden: bool = False
    disabled: bool = False


@dataclass(frozen=True)
class RunCell:
    """A cell that ran: its last expression, and what it printed."""

    cell: Cell
    output: Any
    printed: str


def is_notebook(path: Path) -> bool:
    """Whether a Python file is a marimo notebook: it makes an `app` of `marimo.App`."""
    return _makes_app(path.read_text(encoding="utf-8", errors="replace").splitlines())


def cells(path: Path) -> list[Cell]:
    """The cells in the order of the file.

    Raises:
        BadInput: the file is no marimo notebook.
    """
    then = "`marimo edit FILE.py` makes one"
    lines = read_text(path, "a marimo notebook", then).splitlines()
    if not _makes_app(lines):
        raise BadInput(
            f"expected a marimo notebook in {path} (`app = marimo.App()` and cells), found none; "
            f"{then}"
        )
    try:
        body = ast.parse("\n".join(lines)).body
    except SyntaxError as error:
        raise BadInput(
            f"{path}, line {error.lineno}: {error.msg}; mend it, then run again"
        ) from None
    except (RecursionError, MemoryError):  # the parser's own limits
        raise BadInput(
            f"{path} is nested too deeply for Python to read; split the expression, then run again"
        ) from None
    result: list[Cell] = []
    for node in body:
        if isinstance(node, ast.With) and ast.unparse(node.items[0].context_expr) == "app.setup":
            last = node.end_lineno or node.lineno
            result.append(Cell("setup", "setup", node.lineno, last, _code(node, "setup", lines)))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            result += _decorated(node, len(result) + 1, lines)
    return result


def run(path: Path) -> list[RunCell]:
    """Run all cells and return them in the order of the file.

    Raises:
        BadInput: a cell fails (it is named, with its line), or one was stopped before its end.
    """
    cells_, printed = cells(path), _Printed(path)
    try:
        with redirect_stdout(printed):
            app = runpy.run_path(str(path), run_name=path.stem)["app"]
            outputs, _ = app.run()
    except (Exception, SystemExit) as error:
        raise BadInput(_failed(path, cells_, error)) from error
    left = [cell for cell in cells_ if cell.kind != "setup" and not cell.disabled]
    if len(outputs) != len(left):
        raise BadInput(
            f"{path}: {len(left) - len(outputs)} of {len(left)} cells did not run, because a cell "
            "stopped them (mo.stop); nobody presses a button here: let it run without one"
        )
    output_of = dict(zip(left, outputs, strict=True))
    return [
        RunCell(cell, output_of.get(cell), printed.between(cell.first, cell.last))
        for cell in cells_
    ]


def _makes_app(lines: list[str]) -> bool:
    return any(line.startswith("app = marimo.App(") for line in lines)


def _decorated(node: Defined, number: int, lines: list[str]) -> Iterator[Cell]:
    """The cell that a function or class is, where marimo's decorator says so."""
    for decorator in node.decorator_list:
        called = decorator if isinstance(decorator, ast.Call) else None
        kind = DECORATORS.get(ast.unparse(called.func if called else decorator))
        if kind:
            options = (
                {word.arg: ast.unparse(word.value) for word in called.keywords} if called else {}
            )
            yield Cell(
                name=f"cell {number}" if node.name == "_" else node.name,
                kind=kind,
                first=decorator.lineno,
                last=node.end_lineno or node.lineno,
                code=_code(node, kind, lines),
                hidden=options.get("hide_code") == "True",
                disabled=options.get("disabled") == "True",
            )


def _code(node: Defined | ast.With, kind: Kind, lines: list[str]) -> str:
    """What a person wrote: the body without marimo's own `return`, or a whole function."""
    if kind == "function":
        return "\n".join(lines[node.lineno - 1 : node.end_lineno])
    first, last = node.body[0].lineno, node.end_lineno or node.lineno
    while lines[first - 2].lstrip().startswith("#"):
        first -= 1
    if isinstance(node.body[-1], ast.Return):
        last = node.body[-1].lineno - 1
    return textwrap.dedent("\n".join(lines[first - 1 : last])).strip()


def _failed(path: Path, cells_: list[Cell], error: BaseException) -> str:
    """Which cell failed, in which line, and how."""
    output = f"{type(error).__name__}: {error}".strip(": ")
    line = _line(path, error)
    where = next((c.name for c in cells_ if c.first <= line <= c.last), None)
    if where is None:
        return f"{path} does not run: {output}; mend it with `marimo edit {path}`"
    return f"{path}, {where}, line {line}: {output}; mend the cell, then run again"


def _line(path: Path, error: BaseException) -> int:
    """The line of the notebook that was being run when `error` came; 0 if none was."""
    trace, line = error.__traceback__, 0
    while trace:
        if trace.tb_frame.f_code.co_filename in _names(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _names(path: Path) -> set[str]:
    return {str(path), str(path.resolve())}


class _Printed(io.TextIOBase):
    """Where printed words go: kept with the line of the notebook that was being run."""

    def __init__(self, path: Path) -> None:
        self.names, self.words = _names(path), list[tuple[int, str]]()

    def write(self, text: str) -> int:
        frame, line = sys._getframe(1), 0
        while frame:
            if frame.f_code.co_filename in self.names:
                line = frame.f_lineno
            frame = frame.f_back  # type: ignore[assignment]
        self.words.append((line, text))
        return len(text)

    def between(self, first: int, last: int) -> str:
        """What these lines printed."""
        return "".join(text for line, text in self.words if first <= line <= last)
