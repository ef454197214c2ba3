"""The line of code that guards a feature against values for which it is not defined."""

import ast
import inspect
import math
import textwrap
import traceback
from pathlib import Path
from typing import Any

from engine.problem.files import location_of, stages_home

FEATURES = "poc/features.py"
# numpy's functions of one number, and where they are defined.
DEFINED = {"log": "> 0", "log2": "> 0", "log10": "> 0", "log1p": "> -1", "sqrt": ">= 0"}
# The largest number whose exponential is finite.
LARGEST_EXPONENT = 709


def guard_of_code(step: Any, missing: float) -> str:
    """What to write where the code of a step returns a value that is not finite.

    `missing` takes its place: NaN, or 0.0 where the model takes no missing value.
    """
    returned = _returned(step)
    if returned is None:
        return f"Let its code in {FEATURES} return a finite value there."
    file, line, word, expression = returned
    return _advice(f"{file} line {line}", f"{word} {_finite(expression, missing, word)}")


def guard_of_error(error: Exception) -> str:
    """What to write where the code of a step raises an error."""
    place = location_of(error)
    frames = traceback.extract_tb(error.__traceback__)
    frame = next((f for f in reversed(frames) if place and _is_at(f, place)), None)
    if frame is None or frame.line is None:
        return f"Guard its code in {FEATURES}."
    source = Path(frame.filename).read_text("utf-8").splitlines()[frame.lineno - 1]  # type: ignore[operator]
    start, end = frame.colno or 0, frame.end_colno or 0
    guarded = _guarded(source[start:end], error) if source.isascii() else None
    if guarded is None:
        return f"Guard {place}: {source.strip()}"
    return _advice(place, (source[:start] + guarded + source[end:]).strip())


def _advice(place: str, line: str) -> str:
    return f"Guard it in {place}: {line}"


def _is_at(frame: traceback.FrameSummary, place: str) -> bool:
    name, _, line = place.rpartition(" line ")
    return Path(frame.filename).as_posix().endswith(name) and str(frame.lineno) == line


def _returned(step: Any) -> tuple[str, int, str, ast.expr] | None:
    """File, line, `yield` or `return`, and the expression that a step of the team returns."""
    if step is None:
        return None
    kind = type(step)
    codes: list[Any] = [getattr(step, "func", None), getattr(kind, "_columns", None)]
    for code in (*codes, kind.transform):
        try:
            path = Path(inspect.getsourcefile(code) or "").resolve()
            lines, first = inspect.getsourcelines(code)
            tree = ast.parse(textwrap.dedent("".join(lines)))
        except (OSError, TypeError, SyntaxError):
            continue
        if not path.is_relative_to(stages_home()):
            continue
        made = [n for n in ast.walk(tree) if isinstance(n, ast.Yield | ast.YieldFrom | ast.Return)]
        if made and made[-1].value is not None:
            name, word = path.relative_to(stages_home()).as_posix(), _word(made[-1])
            return name, first + made[-1].lineno - 1, word, made[-1].value
    return None


def _word(node: ast.AST) -> str:
    names = {ast.Yield: "yield", ast.YieldFrom: "yield from", ast.Return: "return"}
    return names[type(node)]


def _finite(value: ast.expr, missing: float, word: str) -> str:
    """An expression with the same value where that is finite, and `missing` elsewhere."""
    text, fill = ast.unparse(value), "np.nan" if math.isnan(missing) else repr(missing)
    if word == "yield from":
        return f"(np.nan_to_num(one, nan={fill}, posinf={fill}, neginf={fill}) for one in {text})"
    # Not computed where it is not defined, so that numpy prints no warning.
    match value if fill == "np.nan" else None:
        case ast.BinOp(left=ast.Name(id=above), op=ast.Div(), right=ast.Name(id=below)):
            out = f"np.full(np.shape({above}), {fill})"
            return f"np.divide({above}, {below}, out={out}, where={below} != 0)"
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id="np"), attr=name), args=[ast.Name(id=given)]
        ) if name in DEFINED:
            out = f"np.full(np.shape({given}), {fill})"
            return f"np.{name}({given}, out={out}, where={given} {DEFINED[name]})"
    return f"np.nan_to_num({text}, nan={fill}, posinf={fill}, neginf={fill})"


def _guarded(text: str, error: Exception) -> str | None:
    """The expression that raised the error, with NaN where it is not defined; None if unknown."""
    try:
        value = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        return None
    condition = ""
    match error, value:
        case ZeroDivisionError(), ast.BinOp(right=below):
            condition = f"{ast.unparse(below)} != 0"
        case KeyError() | IndexError(), ast.Subscript(value=table, slice=key):
            if isinstance(error, KeyError):
                return f"{ast.unparse(table)}.get({ast.unparse(key)}, np.nan)"
        case ValueError(), ast.Call(func=ast.Attribute(attr=name), args=[given]) if name in DEFINED:
            condition = f"{ast.unparse(given)} {DEFINED[name]}"
        case OverflowError(), ast.Call(args=[given]):
            condition = f"{ast.unparse(given)} < {LARGEST_EXPONENT}"
        case TypeError(), ast.BinOp() | ast.Call():
            names = [one.id for one in ast.walk(value) if isinstance(one, ast.Name)]
            condition = f"pd.notna({names[-1]})" if names else ""
    return f"({text} if {condition} else np.nan)" if condition else None
