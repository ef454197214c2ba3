"""Put the chosen data in place, remove what was not chosen, seal the engine, print the next steps.

cookiecutter runs this in the new project's folder. The other data sets wait in data/examples/.
"""

import json
import runpy
import shutil
from pathlib import Path

# Raw, because JSON brings its own backslashes; JSON never holds three quotes in a row.
ANSWERS = r"""{{ cookiecutter | tojson }}"""

EXAMPLES = Path("data/examples")
PLACES = {"problem.toml": Path("problem/problem.toml"), "contract.py": Path("data/contract.py")}
NOT_CHOSEN = {"one machine": Path("deploy/kubernetes"), "Kubernetes": Path("deploy/compose.yaml")}
# The engine's tests run on the stages as generated, whatever the team makes of them later.
STAGES = ("problem", "data", "eda", "poc", "handoff", "serving", "monitoring")
STARTER = Path("engine/tests/starter")
# In projects alone: the template's own branches may be merged line by line.
ONE_SIDE = "# A file that you and the template changed is a conflict, never a mix.\n* -merge\n"

NEXT_STEPS = """next: cd {project_slug} && git init --initial-branch main
      git add --all && git commit --message "Start"
      make journey    the whole life of a model as a rehearsal; it ends with a page to look at
      make check      format, lint, types and tests, as CI runs them (a minute)
      make            every other command, by role"""


def put_in_place(dataset: str) -> None:
    """Move the framing and the contract of `dataset` over those of the parcels."""
    for name, place in PLACES.items():
        (EXAMPLES / dataset.removeprefix("sklearn:") / name).replace(place)


def remove(path: Path) -> None:
    """Remove a file or a folder; one that is not there is removed already."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def main(answers: dict[str, str]) -> None:
    """Make the rendered folder the project that was asked for."""
    if answers["dataset"] != "parcels":
        put_in_place(answers["dataset"])
    remove(EXAMPLES)
    remove(NOT_CHOSEN[answers["runs_on"]])
    for stage in STAGES:
        shutil.copytree(stage, STARTER / stage, ignore=shutil.ignore_patterns("README.md"))
    shutil.copyfile("journey.py", STARTER / "journey.py")
    Path("engine/.gitattributes").write_text(ONE_SIDE, encoding="utf-8")
    runpy.run_path("engine/version.py")["write_manifest"]()
    print(NEXT_STEPS.format(**answers))


if __name__ == "__main__":
    main(json.loads(ANSWERS))
