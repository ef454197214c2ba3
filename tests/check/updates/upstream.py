"""The template as a git repository of its versions, and projects that were made from them."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import ownership
from tests.conftest import INSIDE, ROOT, Project, contents, run

# The last commit of the layout before engine/.
LAYOUT_1_0_0 = "0ec46fd"
LIST = ownership.read((ROOT / "ownership.toml").read_text("utf-8"))
OURS = "# the team's own line\n"
# How people call what is a repository on this machine here.
PUBLIC = "gh:org/ds-mle-template"


@dataclass(frozen=True)
class Upstream:
    """The template's repository: a tag for each version, and the version that is checked out."""

    path: Path

    def release(self, version: str, files: Path) -> None:
        """Commit what lies in `files` as the next version."""
        git(self.path, "rm", "-r", "--quiet", "--ignore-unmatch", ".")
        shutil.copytree(files, self.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".git"))
        commit(self.path, version)
        git(self.path, "tag", version)

    def show(self, version: str) -> None:
        """Make `version` what a clone, and a render from the folder, get."""
        git(self.path, "checkout", "--quiet", version)

    def made(self, version: str, output: Path, answers: Mapping[str, str]) -> Project:
        """Make a project of `version` with cruft, and commit it as generated."""
        self.show(version)
        command = ("cruft", "create", str(self.path), "--no-input", "--output-dir", str(output))
        result = shell_run(*command, "--extra-context", json.dumps(answers), cwd=output)
        assert result.returncode == 0, result.stdout + result.stderr
        project = Project(output / answers["project_slug"])
        git(project.path, "init", "--quiet", "--initial-branch", "main")
        commit(project.path, "Start")
        return project


@dataclass(frozen=True)
class Report:
    """What the commands of an update printed, and the files that they left to people."""

    printed: str
    conflicts: frozenset[str]


def earlier_layout(to: Path) -> Path:
    """Unpack the template of 1.0.0 from this repository's history."""
    archive = subprocess.run(
        ["git", "archive", LAYOUT_1_0_0], cwd=ROOT, capture_output=True, check=False
    )
    assert archive.returncode == 0, (
        f"Commit {LAYOUT_1_0_0} (version 1.0.0) is missing here, and updates from it cannot be "
        f"tested. Fetch the whole history: git fetch --unshallow. {archive.stderr.decode()}"
    )
    to.mkdir()
    subprocess.run(["tar", "--extract"], cwd=to, input=archive.stdout, check=True)
    return to


def commands(page: str, heading: str) -> str:
    """Return the shell commands below a heading of a Markdown page, as one script.

    The commands are the page's own; only the template's public address is replaced by $UPSTREAM.
    """
    section = re.search(rf"^### {heading}\n(.*?)(?=^##|\Z)", page, re.M | re.S)
    assert section is not None, f"expected the heading '### {heading}'"
    script = "".join(re.findall(r"^```bash\n(.*?)^```$", section[1], re.M | re.S))
    assert script, f"expected commands below '### {heading}'"
    return script.replace(PUBLIC, '"$UPSTREAM"')


def update(project: Project, upstream: Upstream, script: str, typed: str = "") -> Report:
    """Run the commands of an update in the project, and list the conflicts that they leave."""
    log = project.path.parent / "update.log"
    log.unlink(missing_ok=True)
    env = {"UPSTREAM": str(upstream.path)}
    result = shell_run("bash", "-c", script, cwd=project.path, input=typed, env=env)
    unmerged = git(project.path, "diff", "--name-only", "--diff-filter=U").split()
    rejected = [path.relative_to(project.path) for path in project.path.rglob("*.rej")]
    left = re.findall(r"^error: (\S+): patch does not apply$", result.stdout, re.M)
    return Report(
        result.stdout + result.stderr,
        frozenset([*unmerged, *left, *(path.as_posix()[: -len(".rej")] for path in rejected)]),
    )


def engine(project: Project) -> dict[str, bytes]:
    """Return the files of the engine."""
    return contents(project.path / "engine")


def kind(name: str) -> str:
    """Return whose a file is, by the list of today."""
    entry = LIST.of(name)
    return entry.kind if entry else "nobody's"


def add(file: Path, text: str = OURS) -> None:
    """Put `text` at the end of `file`, which may be new."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as end:
        end.write(text)


def put_first(file: Path, text: str = OURS) -> None:
    """Put `text` at the beginning of `file`."""
    file.write_text(text + file.read_text("utf-8"), "utf-8")


def commit(folder: Path, message: str) -> None:
    """Make `folder` a git repository where it is none, with all it holds committed."""
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


def git(folder: Path, *arguments: str) -> str:
    """Run git, which must succeed; return what it printed."""
    result = run("git", *arguments, cwd=folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def shell_run(
    *command: str, cwd: Path, input: str | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command that finds the cruft and the cookiecutter of this environment first."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return run(*command, cwd=cwd, input=input, env={"PATH": path, **(env or {})})


def inside(template: Path) -> Path:
    """Return the project's folder in a template."""
    return template / INSIDE
