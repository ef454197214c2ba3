"""`python -m engine.wheel`: build the engine into a wheel, for projects that share one."""

import argparse
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from engine.problem.errors import BadInput, run
from engine.version import DISTRIBUTION, HOME, BadRelease, Status, hashes, status

# uv brings this backend along, so nothing is downloaded; equal files give an equal wheel. No
# dependencies: the project's pyproject.toml has their bounds, its requirements/ the pins.
PYPROJECT = """\
[project]
name = "{name}"
version = "{version}"
description = "How the stages of a machine-learning project are done."
requires-python = ">=3.11"

[build-system]
requires = ["uv_build"]
build-backend = "uv_build"

[tool.uv.build-backend]
module-name = "engine"
module-root = ""
"""


def main(words: Sequence[str]) -> int:
    """Build the wheel, or refuse to build two different ones of one version."""
    parser = argparse.ArgumentParser(prog="python -m engine.wheel", description=__doc__)
    parser.add_argument("--uv", default="uv", help="the program uv, where it is not on PATH")
    parser.add_argument("--out", type=Path, default=Path("dist"), help="folder for the wheel")
    given = parser.parse_args(words)
    try:
        result = status()
    except BadRelease as error:
        raise BadInput(str(error)) from None
    if why := refusal(result):
        raise BadInput(why)
    with tempfile.TemporaryDirectory() as folder:
        lay_out(Path(folder), result.version)
        build = [given.uv, "build", "--wheel", "--offline", "--quiet", "--no-create-gitignore"]
        done = subprocess.run([*build, "--out-dir", given.out, folder], check=False)
    if done.returncode == 0:
        print(f"{DISTRIBUTION} {result.version} is in {given.out}")
    return done.returncode


def refusal(result: Status) -> str | None:
    """The reason why this engine makes no wheel; None if it does."""
    if result.state == "installed as a wheel":
        return "The engine is installed as a wheel. Build one where the folder engine/ is."
    if result.state == "as released" or "+" in result.version:
        return None
    return (
        f"The engine {result.version} is {result.state}, and another wheel may have this version. "
        f"Write one of your own into engine/VERSION, such as {result.version}+yours.1."
    )


def lay_out(folder: Path, version: str) -> None:
    """Copy what the wheel holds, all but the tests, and say how it is built."""
    for name in hashes():
        if not name.startswith("tests/"):
            (folder / "engine" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(HOME / name, folder / "engine" / name)
    text = PYPROJECT.format(name=DISTRIBUTION, version=version)
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    run(main)
