"""What feature code imports and calls, seen without running it.

It is help for a reader, not a sandbox: code that wants to hide will, and it runs wherever the model
is loaded. What this refuses has no business in a computation; what it misses a reviewer must see.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

# What feature code may import: packages that the serving image holds, and of the standard library
# what computes. All else reaches out, or gives another answer each time.
SERVED = {"numpy", "pandas", "sklearn", "scipy"}
COMPUTES = {
    *("__future__", "abc", "base64", "bisect", "calendar", "collections", "copy", "dataclasses"),
    *("datetime", "decimal", "difflib", "enum", "fractions", "functools", "hashlib", "heapq"),
    *("ipaddress", "itertools", "json", "math", "numbers", "operator", "re", "statistics"),
    *("string", "struct", "textwrap", "typing", "unicodedata", "warnings", "zlib", "zoneinfo"),
}
# Of the packages, the parts that read files and addresses, or draw by chance.
PARTS = {"ctypeslib", "datasets", "f2py", "io", "random"}
CALLS = {"__import__", "breakpoint", "compile", "eval", "exec", "globals", "input", "open"}
# What reads or writes a file or an address, whatever object it is called on.
REACHES = {
    *("DataSource", "HDFStore", "ExcelFile", "ExcelWriter", "dump", "fromfile", "genfromtxt"),
    *("fromregex", "load", "loadtxt", "load_library", "memmap", "open_memmap", "popen", "save"),
    *("savetxt", "savez", "savez_compressed", "system", "tofile", "to_clipboard", "to_csv"),
    *("to_excel", "to_feather", "to_gbq", "to_hdf", "to_html", "to_iceberg", "to_json"),
    *("to_latex", "to_markdown", "to_orc", "to_parquet", "to_pickle", "to_sql", "to_stata"),
    *("to_string", "to_xml"),
}
REACHES_BY_START = ("fetch_", "read_")
# The clock; and what is another in each process.
CLOCK, MOMENTS, OWN = {"now", "today", "utcnow"}, {"now", "today"}, {"hash", "id"}
# What draws by chance unless it is given a seed; of numpy's own, what may be given one.
DRAWS, SEEDS, SEEDED = {"rvs", "sample", "samples"}, {"random_state", "seed"}, {"default_rng"}
# The ways round the names above.
DUNDERS = {"__builtins__", "__dict__", "__globals__", "__loader__", "__subclasses__"}

# What is said of them.
BY_CLOCK = "it reads the clock, so its answer is another tomorrow; take the moment from a column"
BY_CHANCE = "it is another each time; np.random.default_rng(3) draws the same again"
REACHING = "a feature is computed, it reads and writes nothing else"


def unportable(features: Path) -> list[str]:
    """What the code does that no feature needs, each with its line."""
    try:
        tree = ast.parse(features.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError) as error:
        return [f"features.py is no Python: {error}"]
    found = sorted({(line, what) for node in ast.walk(tree) for line, what in _wrong(node)})
    return [f"features.py line {line} {what}" for line, what in found]


def _wrong(node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from ((node.lineno, said) for name in _imported(node) if (said := _of_import(name)))
    elif isinstance(node, ast.Name) and node.id in CALLS | DUNDERS:
        yield node.lineno, f"uses {node.id}: a feature is computed, it runs and reads nothing else"
    elif isinstance(node, ast.Attribute) and (said := _of_name(node.attr)):
        yield node.lineno, f"uses .{node.attr}: {said}"
    elif isinstance(node, ast.Attribute) and _is_numpys_chance(node.value):
        if node.attr not in {*SEEDED, "Generator"}:
            yield node.lineno, f"uses random.{node.attr}: {BY_CHANCE}"
    elif isinstance(node, ast.Assign) and _is_numpys_chance(node.value):
        yield node.lineno, f"uses random under another name: {BY_CHANCE}"
    elif isinstance(node, ast.Call):
        yield from ((node.lineno, said) for said in _of_call(node))


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    """Dotted names; what is imported from a module with the module before it."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names]


def _of_import(dotted: str) -> str | None:
    first, *rest = dotted.split(".")
    if first in SERVED and PARTS.isdisjoint(rest[:1]) and not _of_name(rest[-1] if rest else ""):
        return None
    if first in COMPUTES:
        return None
    if first in SERVED or first in sys.stdlib_module_names:
        name = first if first not in SERVED else dotted
        return f"imports {name}: a feature is computed, it reaches for nothing"
    return f"imports {first or '.'}, which serving has not"


def _of_name(name: str) -> str | None:
    """What is wrong with an attribute of this name, if anything is."""
    if name in CLOCK:
        return BY_CLOCK
    if name in REACHES | DUNDERS | PARTS - {"random", "io"} or name.startswith(REACHES_BY_START):
        return REACHING
    return None


def _is_numpys_chance(node: ast.AST) -> bool:
    """Is it `np.random`, by whatever name? A generator of one's own has a method called so."""
    return (
        isinstance(node, ast.Attribute)
        and node.attr == "random"
        and isinstance(node.value, ast.Name)
    )


def _of_call(call: ast.Call) -> Iterator[str]:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    said = [one.value if isinstance(one, ast.Constant) else "" for one in call.args]
    given = {keyword.arg for keyword in call.keywords}
    if isinstance(call.func, ast.Name) and name in OWN:
        yield f"uses {name}: it is another in each process; hashlib's are the same"
    if name in {"Timestamp", "to_datetime", "datetime64"} and MOMENTS & set(said[:1]):
        yield f"uses {name}({said[0]!r}): {BY_CLOCK}"
    if name in DRAWS and not given & SEEDS:
        yield f"uses .{name} without a seed: {BY_CHANCE}"
    if name in SEEDED and (said[:1] or [None]) == [None] and not given & SEEDS:
        yield f"uses {name} without a seed: {BY_CHANCE}"
    if name == "getattr" and (wrong := _of_name(str(said[1]))):
        yield f"uses .{said[1]!s}: {wrong}"
