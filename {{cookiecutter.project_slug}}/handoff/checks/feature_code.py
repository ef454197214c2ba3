"""What feature code imports and calls, seen without running it.

It is help for a reader, not a sandbox: code that wants to hide will, and it runs wherever the model
is loaded. What this refuses has no business in a computation; what it misses a reviewer must see.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

# What feature code may import: what the serving image holds anyway, less what reaches out of it.
MAY_IMPORT = {*sys.stdlib_module_names, "numpy", "pandas", "sklearn", "scipy"}
REACHES_OUT = {
    *("asyncio", "builtins", "ctypes", "ftplib", "glob", "http", "importlib", "io", "marshal"),
    *("multiprocessing", "os", "pathlib", "pickle", "pkgutil", "runpy", "shelve", "shutil"),
    *("signal", "smtplib", "socket", "socketserver", "sqlite3", "subprocess", "sys", "tempfile"),
    *("threading", "urllib", "webbrowser", "zipimport"),
}
CALLS = {"__import__", "breakpoint", "compile", "eval", "exec", "globals", "input", "open"}
# Methods that read a file or an address, whatever object they are called on.
READERS = {"fromfile", "genfromtxt", "load", "loadtxt", "memmap", "popen", "system"}
# The ways round the names above.
DUNDERS = {"__builtins__", "__globals__", "__loader__", "__subclasses__"}


def strangers(features: Path) -> list[str]:
    """What the code does that no feature needs, each with its line."""
    try:
        tree = ast.parse(features.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError) as error:
        return [f"features.py is no Python: {error}"]
    found = sorted({(line, what) for node in ast.walk(tree) for line, what in _wrong(node)})
    return [f"features.py line {line} {what}" for line, what in found]


def _wrong(node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        for module in _modules(node):
            if module not in MAY_IMPORT:
                yield node.lineno, f"imports {module}, which serving has not"
            elif module in REACHES_OUT:
                yield (
                    node.lineno,
                    f"imports {module}: a feature is computed, it reaches for nothing",
                )
    elif isinstance(node, ast.Name) and node.id in CALLS | DUNDERS:
        yield node.lineno, f"uses {node.id}: a feature is computed, it runs and reads nothing else"
    elif isinstance(node, ast.Attribute):
        reads = node.attr in READERS or node.attr.startswith("read_")
        if reads or node.attr in DUNDERS:
            yield node.lineno, f"uses .{node.attr}: a feature is computed, it reads nothing else"


def _modules(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[0] for alias in node.names]
    return ["." if node.level else str(node.module).split(".")[0]]
