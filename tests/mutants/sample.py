"""The changes of a room that mutmut made, and a random sample of them without changes of words."""

import ast
import json
import random
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

# mutmut marks a method's class and a mutant's number this way.
CLASS_MARK, NUMBER_MARK = "ǁ", "__mutmut_"


@dataclass(frozen=True)
class Mutant:
    """One change: mutmut's name for it, and the two lines that differ."""

    name: str
    before: str
    after: str

    @property
    def where(self) -> str:
        """The module and the function, as a person writes them."""
        module, _, mangled = self.name.partition(NUMBER_MARK)[0].rpartition(".")
        function = mangled.removeprefix(f"x{CLASS_MARK}").removeprefix("x_")
        return f"{module}.{function.replace(CLASS_MARK, '.')}"


def sample(folder: Path, size: int, seed: int) -> list[Mutant]:
    """Draw at most `size` of the mutants that mutmut left in `folder`; the same for the same seed.

    A change of the words of a message is left out: tests assert codes and facts, not sentences.
    """
    mutants = [mutant for path in sorted(folder.rglob("*.py.meta")) for mutant in _of_module(path)]
    return random.Random(seed).sample(mutants, min(size, len(mutants)))


def _of_module(meta: Path) -> list[Mutant]:
    names = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
    tree = ast.parse(meta.with_suffix("").read_text(encoding="utf-8"))
    functions = {
        node.name: node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    found = []
    for name in names:
        mangled = name.rpartition(".")[2]
        original = functions[f"{mangled.partition(NUMBER_MARK)[0]}{NUMBER_MARK}orig"]
        changed = functions[mangled]
        if _without_words(original) != _without_words(changed):
            found.append(Mutant(name, *_difference(original, changed)))
    return found


class _WithoutWords(ast.NodeTransformer):
    """Puts None in the place of every text with a blank: a message, a docstring, a title."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant(None) if isinstance(node.value, str) and " " in node.value else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        texts = [part.value for part in node.values if isinstance(part, ast.Constant)]
        return ast.Constant(None) if any(" " in str(text) for text in texts) else node


def _without_words(function: ast.AST) -> str:
    copy = ast.parse(ast.unparse(function)).body[0]
    copy.name = ""  # type: ignore[attr-defined]  # a function, whose name holds the number
    return ast.unparse(_WithoutWords().visit(copy))


def _difference(original: ast.AST, changed: ast.AST) -> tuple[str, str]:
    """The first line of each that the other has not."""
    old, new = (ast.unparse(node).splitlines()[1:] for node in (original, changed))
    pairs = [pair for pair in zip_longest(old, new, fillvalue="") if pair[0] != pair[1]]
    # A change of a default stands in the line with the function's name, which differs anyway.
    first = pairs[0] if pairs else (ast.unparse(original), ast.unparse(changed))
    return first[0].strip(), first[1].strip()
