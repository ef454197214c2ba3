"""The engine's public interface is one table in engine/README.md, true of the stage folders."""

import ast
import re
from pathlib import Path

from tests.conftest import INSIDE, ROOT

PROJECT = ROOT / INSIDE
README = PROJECT / "engine/README.md"
SECTION = re.compile(r"(?<=<!-- interface: begin -->\n).*?(?=<!-- interface: end -->)", re.S)
NOT_STAGES = ("engine/", "data/examples/", "build/", ".")


def interface() -> dict[str, set[str]]:
    """Every name of the engine that a stage folder or a test of the team imports, by module."""
    names: dict[str, set[str]] = {}
    for path in PROJECT.rglob("*.py"):
        if path.relative_to(PROJECT).as_posix().startswith(NOT_STAGES):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith("engine."):
                names.setdefault(str(node.module), set()).update(one.name for one in node.names)
    return names


def table(names: dict[str, set[str]]) -> str:
    """The table as it must stand in the README."""
    rows = [
        f"| `{module}` | {', '.join(f'`{name}`' for name in sorted(names[module]))} |\n"
        for module in sorted(names)
    ]
    return "".join(["\n| module | names |\n| --- | --- |\n", *rows, "\n"])


def test_interface_in_the_readme_is_what_stage_folders_import() -> None:
    """A new import of the engine is a new promise, so it is visible in a review."""
    written = SECTION.search(README.read_text("utf-8"))
    assert written is not None, f"expected a section between interface markers in {README}"
    expected = table(interface())
    assert written[0] == expected, f"put this table into engine/README.md:\n{expected}"


def test_interface_names_no_private_name() -> None:
    """A leading underscore means that a name may change with any version."""
    named = {f"{module}.{name}" for module, names in interface().items() for name in names}
    assert [one for one in named if any(part.startswith("_") for part in one.split("."))] == []


def test_stage_folders_import_no_whole_engine_module() -> None:
    """`import engine.x` would hide which names are used."""
    for path in PROJECT.rglob("*.py"):
        if not path.relative_to(PROJECT).as_posix().startswith(NOT_STAGES):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Import):
                    assert not [a.name for a in node.names if a.name.startswith("engine")], path


def write(path: Path = README) -> None:
    """Put the table into the README: `python -m tests.render.test_interface`."""
    text = path.read_text("utf-8")
    path.write_text(SECTION.sub(lambda _: table(interface()), text), "utf-8")


if __name__ == "__main__":
    write()
