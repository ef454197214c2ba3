"""Finds imports and calls in feature code that no feature needs, without running it.

It helps a reviewer and is no sandbox: code can hide from it.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

# Feature code may import the packages of the serving image, and modules that only compute.
SERVED = {"numpy", "pandas", "sklearn", "scipy"}
COMPUTES = {
    *("__future__", "abc", "base64", "bisect", "calendar", "collections", "copy", "dataclasses"),
    *("datetime", "decimal", "difflib", "enum", "fractions", "functools", "hashlib", "heapq"),
    *("ipaddress", "itertools", "json", "math", "numbers", "operator", "re", "statistics"),
    *("string", "struct", "textwrap", "typing", "unicodedata", "warnings", "zlib", "zoneinfo"),
}
# The parts of these packages that read files and addresses, or draw random numbers.
SUBMODULES = {"ctypeslib", "datasets", "f2py", "io", "random"}
CALLS = {"__import__", "breakpoint", "compile", "eval", "exec", "globals", "input", "open"}
# Methods that read or write a file or an address, whatever object they belong to.
REACHES = {
    *("DataSource", "HDFStore", "ExcelFile", "ExcelWriter", "dump", "fromfile", "genfromtxt"),
    *("fromregex", "load", "loadtxt", "load_library", "memmap", "open_memmap", "popen", "save"),
    *("savetxt", "savez", "savez_compressed", "system", "tofile", "to_clipboard", "to_csv"),
    *("to_excel", "to_feather", "to_gbq", "to_hdf", "to_html", "to_iceberg", "to_json"),
    *("to_latex", "to_markdown", "to_orc", "to_parquet", "to_pickle", "to_sql", "to_stata"),
    *("to_string", "to_xml"),
}
REACHES_BY_START = ("fetch_", "read_")
# The clock; and functions whose result differs in each process.
CLOCK, NOW, PER_PROCESS = {"now", "today", "utcnow"}, {"now", "today"}, {"hash", "id"}
# Functions that draw random numbers unless they are given a seed.
DRAWS, SEEDS, SEEDED = {"rvs", "sample", "samples"}, {"random_state", "seed"}, {"default_rng"}
# Ways around the names above.
DUNDERS = {"__builtins__", "__dict__", "__globals__", "__loader__", "__subclasses__"}

BY_CLOCK = "it reads the clock, so its result changes with time; take the time from a column"
BY_CHANCE = "it differs each time; np.random.default_rng(3) draws the same again"
REACHING = "a feature is computed, it reads and writes nothing else"


def unportable(features: Path) -> list[str]:
    """The imports and calls of the code that no feature needs, each with its line."""
    try:
        tree = ast.parse(features.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError) as error:
        return [f"features.py is no Python: {error}"]
    faults = {(getattr(node, "lineno", 0), f) for node in ast.walk(tree) for f in _faults(node)}
    return [f"features.py line {line} {fault}" for line, fault in sorted(faults)]


def _faults(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from _faults_of_imports([alias.name for alias in node.names])
    elif isinstance(node, ast.ImportFrom):
        module = f"{'.' * node.level}{node.module or ''}"
        yield from _faults_of_imports([f"{module}.{alias.name}" for alias in node.names])
    elif isinstance(node, ast.Name) and node.id in CALLS | DUNDERS:
        yield f"uses {node.id}: a feature is computed, it runs and reads nothing else"
    elif isinstance(node, ast.Attribute) and (fault := _fault_of_name(node.attr)):
        yield f"uses .{node.attr}: {fault}"
    elif isinstance(node, ast.Attribute) and _is_numpy_random(node.value):
        if node.attr not in {*SEEDED, "Generator"}:
            yield f"uses random.{node.attr}: {BY_CHANCE}"
    elif isinstance(node, ast.Assign) and _is_numpy_random(node.value):
        yield f"uses random under another name: {BY_CHANCE}"
    elif isinstance(node, ast.Call):
        yield from _faults_of_call(node)


def _faults_of_imports(names: list[str]) -> Iterator[str]:
    for dotted in names:
        first, *rest = dotted.split(".")
        if first in SERVED:
            if rest and (rest[0] in SUBMODULES or _fault_of_name(rest[-1])):
                yield f"imports {dotted}: {REACHING}"
        elif first in sys.stdlib_module_names - COMPUTES:
            yield f"imports {first}: {REACHING}"
        elif first not in COMPUTES:
            yield f"imports {first or '.'}, which serving does not install"


def _fault_of_name(name: str) -> str | None:
    if name in CLOCK:
        return BY_CLOCK
    reaches = REACHES | DUNDERS | SUBMODULES - {"random", "io"}
    return REACHING if name in reaches or name.startswith(REACHES_BY_START) else None


def _is_numpy_random(node: ast.AST) -> bool:
    """Whether it is `np.random`, by whatever name; a generator's own method is none."""
    is_random = isinstance(node, ast.Attribute) and node.attr == "random"
    return is_random and isinstance(getattr(node, "value", None), ast.Name)


def _faults_of_call(call: ast.Call) -> Iterator[str]:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    values = [one.value if isinstance(one, ast.Constant) else "" for one in call.args]
    is_seeded = bool({keyword.arg for keyword in call.keywords} & SEEDS)
    if isinstance(call.func, ast.Name) and name in PER_PROCESS:
        yield f"uses {name}: it differs in each process; hashlib's functions do not"
    if name in {"Timestamp", "to_datetime", "datetime64"} and NOW & set(values[:1]):
        yield f"uses {name}({values[0]!r}): {BY_CLOCK}"
    if name in DRAWS and not is_seeded:
        yield f"uses .{name} without a seed: {BY_CHANCE}"
    if name in SEEDED and values[:1] in ([], [None]) and not is_seeded:
        yield f"uses {name} without a seed: {BY_CHANCE}"
    if name == "getattr" and (fault := _fault_of_name(str(values[1]))):
        yield f"uses .{values[1]!s}: {fault}"
