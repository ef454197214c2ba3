"""Render a project into build/ and live its whole life: the newcomer's first command.

`make journey` calls this with ANSWERS in the environment. The exit code is the journey's own:
0 passed, 3 a gate closed, 2 bad answers, 1 something broke.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
BUILD = ROOT / "build"
BAD_INPUT, GATE_CLOSED = 2, 3


class BadAnswers(Exception):
    """ANSWERS cannot be read, or the template refuses one of them."""


def parse_answers(text: str) -> dict[str, str]:
    """Read `name=value` pairs, quoted as in a shell; BadAnswers names what is wrong with one."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise BadAnswers(f"error: expected ANSWERS with closed quotes; got {text!r}") from error
    questions = json.loads((ROOT / "cookiecutter.json").read_text("utf-8"))
    open_questions = [name for name in questions if not name.startswith("_")]
    answers = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name not in open_questions:
            raise BadAnswers(
                f"error: expected name=value with a name out of {', '.join(open_questions)}; "
                f"""got {word!r}; next: quote spaces, as in ANSWERS='project_name="My Parcels"'"""
            )
        if {"{", "}"} & set(value):  # cookiecutter would evaluate it before any hook could refuse
            raise BadAnswers(f"error: {name}: expected text without {{ and }}; got {value!r}")
        if isinstance(questions[name], list) and value not in questions[name]:
            raise BadAnswers(
                f"error: {name}: expected one of {', '.join(questions[name])}; got {value!r}"
            )
        answers[name] = value
    return answers


def snapshot(to: Path) -> Path:
    """Copy the template without what its .gitignore files name: no caches, no leftovers of work.

    The copy is an empty repository of its own, whose git lists our files as new ones; so a
    downloaded archive of the template will do as well as a clone.
    """
    subprocess.run(["git", "init", "--quiet", str(to)], check=True)
    listing = ["git", f"--git-dir={to}/.git", "--work-tree=.", "ls-files", "-z", "--others"]
    listing += ["--exclude-per-directory=.gitignore"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, to / name, follow_symlinks=False)
    return to


def render(answers: dict[str, str], build: Path) -> Path:
    """Render into `build`/<slug>; a former render gives way only to a whole new one."""
    build.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=build, prefix=".render-") as work:
        made = _cookiecutter(snapshot(Path(work, "template")), answers, Path(work))
        # A repository of its own: inside the template's, git and linters would ignore every file.
        subprocess.run(["git", "init", "--quiet"], cwd=made, check=True)
        project = build / made.name
        if project.exists():
            project.rename(Path(work, "former"))
        return made.rename(project)


def live(project: Path) -> int:
    """Run the project's `make journey`; make tells only that it failed, the summary why."""
    # The project's make starts as it would by hand, and finds our private uv if there is no other.
    outer = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    outer["PATH"] = os.pathsep.join([outer["PATH"], str(BUILD / ".uv" / "bin")])
    for name in ("MFLAGS", "ANSWERS", "VENV", "VIRTUAL_ENV"):
        outer.pop(name, None)
    if subprocess.run(["make", "journey"], cwd=project, env=outer, check=False).returncode == 0:
        return 0
    summary = project / "build" / "journey" / "summary.json"
    stopped = summary.is_file() and json.loads(summary.read_text("utf-8"))["verdict"] == "stopped"
    return GATE_CLOSED if stopped else 1


def main() -> int:
    """Render with ANSWERS and live; say in one sentence why not, where an answer is bad."""
    try:
        project = render(parse_answers(os.environ.get("ANSWERS", "")), BUILD)
    except BadAnswers as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    return live(project)


def _cookiecutter(template: Path, answers: dict[str, str], work: Path) -> Path:
    # cookiecutter's memory goes into the work folder, and no personal default comes in.
    config, new = work / "config.yaml", work / "new"
    memory = {"replay_dir": f"{work}/replay", "cookiecutters_dir": f"{work}/cookiecutters"}
    config.write_text(json.dumps(memory), encoding="utf-8")
    command = [sys.executable, "-m", "cookiecutter", str(template), "--no-input"]
    command += ["--config-file", str(config), "--output-dir", str(new)]
    command += [f"{name}={value}" for name, value in answers.items()]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:  # the hook speaks on stderr; cookiecutter's log is on stdout
        raise BadAnswers((result.stderr or result.stdout).strip())
    return next(new.iterdir())


if __name__ == "__main__":
    sys.exit(main())
