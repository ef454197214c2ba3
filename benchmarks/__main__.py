"""`make bench`: render time against cookiecutter's own floor, a journey stage by stage, and more.

Machines differ and are noisy, so a comparison is a ratio of medians within one run, its two sides
taken in turns. Seconds are printed beside it for a feeling only.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import journey
from benchmarks import batch, explore, gate, serving, training, width

ROUNDS = 9
MOST_OVER_FLOOR = 1.5


def main() -> int:
    """Measure, print the tables as Markdown; 3 if anything is slower than promised."""
    with tempfile.TemporaryDirectory() as folder:
        ratio = render_table(Path(folder))
    journey_table()
    slow = [one.main() for one in (explore, gate, width, training, serving, batch)]
    return 0 if ratio <= MOST_OVER_FLOOR and not any(slow) else 3


def render_table(work: Path) -> float:
    """Time `cookiecutter` on an empty template and on ours; returns the ratio of the medians."""
    ours, empty = journey.snapshot(work / "ours"), empty_template(work / "empty")
    config = work / "config.yaml"
    memory = {"replay_dir": f"{work}/replay", "cookiecutters_dir": f"{work}/cookiecutters"}
    config.write_text(json.dumps(memory), encoding="utf-8")
    taken: dict[str, list[float]] = {"empty template": [], "ds-mle-template": []}
    for turn in range(ROUNDS):
        for name, template in (("empty template", empty), ("ds-mle-template", ours)):
            taken[name].append(seconds(template, work / f"{name}-{turn}", config))
    medians = {name: statistics.median(times) for name, times in taken.items()}
    ratio = medians["ds-mle-template"] / medians["empty template"]
    print(
        f"\n| cookiecutter, median of {ROUNDS} | seconds | times the floor |\n| --- | --- | --- |"
    )
    for name, median in medians.items():
        against = median / medians["empty template"]
        print(f"| {name} | {median:.2f} | {against:.2f} |")
    print(f"\nPromised: at most {MOST_OVER_FLOOR} times the floor. Measured: {ratio:.2f} times.")
    return ratio


def empty_template(folder: Path) -> Path:
    """The least that cookiecutter renders: one question, one empty folder with one file."""
    inside = folder / "{{cookiecutter.project_slug}}"
    inside.mkdir(parents=True)
    (inside / "README.md").write_text("# {{ cookiecutter.project_slug }}\n", encoding="utf-8")
    question = json.dumps({"project_slug": "my_model"})
    (folder / "cookiecutter.json").write_text(question, encoding="utf-8")
    return folder


def seconds(template: Path, output: Path, config: Path) -> float:
    """Seconds to render `template` with its default answers, as a person would."""
    command = [sys.executable, "-m", "cookiecutter", str(template), "--no-input"]
    command += ["--config-file", str(config), "--output-dir", str(output)]
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def journey_table() -> None:
    """Seconds from `make journey` to the page, stage by stage, on a warm package cache."""
    outer = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    began = time.perf_counter()
    subprocess.run(["make", "journey"], cwd=journey.ROOT, env=outer, check=True)
    total = time.perf_counter() - began
    [summary] = (journey.BUILD / "my_model/build/journey").glob("summary.json")
    stages = json.loads(summary.read_text("utf-8"))["stages"]
    print("\n| from `make journey` to the page | seconds |\n| --- | --- |")
    for stage in stages:
        print(f"| {stage['name']} | {stage['seconds']:.1f} |")
    rest = total - sum(stage["seconds"] for stage in stages)
    print(f"| the rest: environment, render, imports | {rest:.1f} |")
    print(f"| **in all** | **{total:.1f}** |")


if __name__ == "__main__":
    sys.exit(main())
