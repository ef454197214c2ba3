"""A team's first weeks, by the documentation: its own messy table, two releases and a rollback."""

import http.client
import json
import random
import re
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.check.test_how_to import CHECK
from tests.conftest import Project, Render
from tests.how_to import follow
from tests.mutations.work import PROBLEM, Work
from tests.mutations.workshop import environment

ROWS, CUSTOMERS = 1_500, 400
# What only people know of the rows; a tool writes a placeholder and lists each as assumed.
ANSWERS = {
    "action": "Telephone the customer before the parcel is packed.",
    "stakeholder": "Head of sales",
    "intended_use": "Orders of private customers in the shop, in real time.",
    "not_for": "Rating customers.",
}
DROPPED = "kanal"
# The columns of the how-to pages, and those of this table.
COLUMNS = {"weight_kg": "betrag_eur", "items": "artikel"}
PATIENCE = 120.0  # seconds until a server must have swapped


def orders(path: Path) -> None:
    """Write orders as a shop exports them: semicolons, decimal commas, dates, words for yes and no.

    Customers come back, and `erstattet_eur` is more than 0 exactly where an order was cancelled.
    """
    rng, begin = random.Random(7), datetime(2026, 1, 5)  # noqa: S311
    lines = ["auftrag;bestellt_am;kunde;betrag_eur;artikel;kanal;express;erstattet_eur;storniert"]
    for number in range(ROWS):
        customer, items = rng.randrange(CUSTOMERS), rng.randint(1, 9)
        amount = round(rng.gammavariate(2.0, 40.0) + 5, 2)
        channel, express = rng.choice(("laden", "netz", "telefon")), rng.random() < 0.3
        strength = amount / 40 - items / 3 + 1.5 * express + rng.gauss(0, 0.7)
        cancelled = strength > 1.6
        refund = amount if cancelled else 0.0
        day = begin + timedelta(hours=3 * number)
        cells = [f"A{number:05}", f"{day:%d.%m.%Y %H:%M}", f"K{customer:04}"]
        cells += [f"{amount:.2f}".replace(".", ","), str(items), channel]
        cells += ["ja" if express else "nein", f"{refund:.2f}".replace(".", ",")]
        lines.append(";".join([*cells, "ja" if cancelled else "nein"]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def frame(work: Work) -> None:
    """Answer what `data adopt` assumed, as a person with the stakeholder would."""
    for key, answer in ANSWERS.items():
        work.set_value(key, json.dumps(answer))
    text = (work.path / PROBLEM).read_text("utf-8")
    text = re.sub(r"(?s)^assumed = \[.*?\]$", "assumed = []", text, flags=re.M)
    text = text.replace('# unit = "COLUMN"', 'unit = "kunde"  #')
    work.write(
        PROBLEM, text.replace("[columns.personal]\n", '[columns.personal]\nkunde = "a name"\n')
    )
    work.set_value("memory_mb", "2000.0")  # a test's machine is shared
    work.set_value("latency_p99_ms", "1000.0")


def paste_under(work: Work, table: str, lines: str) -> None:
    """Add lines of TOML to a table of problem.toml."""
    work.edit(PROBLEM, f"[{table}]\n", f"[{table}]\n{lines}\n")


def next_step(work: Work, check: str) -> str:
    """What the latest refusal says to do."""
    done = work.run(str(work.python), "-m", "handoff", "check", "--json")
    [refused] = [one for one in json.loads(done.stdout)["findings"] if one["verdict"] == "refuse"]
    assert refused["check"] == check
    step: str = refused["next"]
    return step


def hand_over(work: Work) -> str:
    """Train on committed work, build, check, sign twice and commit the record; the bundle's id."""
    work.commit()
    work.must("poc", "train")
    work.must("handoff", "build")
    work.must("handoff", "check")
    for role, person in (("data-scientist", "Data Scientist"), ("ml-engineer", "ML Engineer")):
        work.run("git", "config", "user.name", person)
        work.must("handoff", "accept", "--as", role)
    work.run("git", "add", "handoff/records")
    work.run("git", "commit", "--quiet", "--message", "Accept a bundle")
    return work.bundle.name


def release(work: Work, bundle: str) -> None:
    """Name the bundle as live, in a commit of its own."""
    work.release(bundle)
    work.run("git", "commit", "--quiet", "--message", "Release", "deploy/release.toml")


@dataclass
class Clients:
    """Clients who go on sending what the first release takes; what they got back."""

    port: int
    row: dict[str, Any]
    statuses: Counter[int] = field(default_factory=Counter)
    bundles: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def send(self) -> None:
        """One request after the other, until stopped."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while not self.stopped.is_set():
            connection.request("POST", "/v1/predict", json.dumps(self.row))
            answer = connection.getresponse()
            content = json.loads(answer.read())
            self.statuses[answer.status] += 1
            self.bundles.append(content.get("bundle", ""))

    def wait_for(self, bundle: str) -> None:
        """Until the server predicts with this bundle."""
        end = time.monotonic() + PATIENCE
        while not self.bundles or self.bundles[-1] != bundle:
            assert time.monotonic() < end, (self.statuses, self.bundles[-1:])
            self.stopped.wait(0.05)


@contextmanager
def serving(work: Work, row: dict[str, Any]) -> Iterator[Clients]:
    """The project's server under load, stopped at the end in order."""
    command = [str(work.python), "-m", "serving", "run", "--port", "0"]
    process = subprocess.Popen(
        command, cwd=work.path, env=dict(work.env), stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        lines = []
        for line in process.stderr:
            lines.append(line)
            if match := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                break
        else:
            pytest.fail(f"the server did not start: {''.join(lines)}")
        threading.Thread(target=process.stderr.read, daemon=True).start()
        clients = Clients(int(match[1]), row)
        thread = threading.Thread(target=clients.send)
        thread.start()
        try:
            yield clients
        finally:
            clients.stopped.set()
            thread.join()
    finally:
        process.terminate()
        assert process.wait(60) == 0


def test_first_weeks_of_a_team(render: Render, project_env: Path, tmp_path: Path) -> None:
    """Frame, refuse, fix, release; a feature, a candidate, a dropped input; swap and roll back."""
    project: Project = render()
    work = Work(project.path, project_env / "bin/python", environment(tmp_path))
    work.run("git", "init", "--quiet", "--initial-branch", "main")
    work.commit()
    orders(tmp_path / "orders.csv")
    work.must("data", "adopt", str(tmp_path / "orders.csv"), "--target", "storniert", "--time",
              "bestellt_am")  # fmt: skip
    frame(work)
    work.must("problem", "check")

    work.must("poc", "train")
    work.must("handoff", "build")
    advice, _, lines = next_step(work, "leakage").partition(":\n")
    assert "erstattet_eur" in lines
    assert "[columns.known_after]" in advice
    paste_under(work, "columns.known_after", lines)
    first = hand_over(work)
    release(work, first)

    # The second release: a feature and a candidate of the team's own, by the how-to pages, and an
    # input that is no longer collected.
    for page in ("add-a-feature", "add-a-candidate"):
        follow(project, page, project_env, {**COLUMNS, CHECK: "make format\n"})
    paste_under(work, "columns.excluded", f'{DROPPED} = "no longer collected"')
    work.commit()
    work.must("poc", "train")
    work.must("handoff", "build")
    advice, _, lines = next_step(work, "compatible").partition(":\n")
    table, _, line = lines.partition("\n")
    until = (datetime.now(UTC) + timedelta(days=60)).date().isoformat()
    work.append(PROBLEM, f"\n{table}\n{re.sub(r'= .*', f'= {until}', line)}\n")
    second = hand_over(work)

    row = {"bestellt_am": "2026-07-01T10:00:00", "betrag_eur": 40.5, "artikel": 3, DROPPED: "netz"}
    with serving(work, row | {"express": True}) as clients:
        clients.wait_for(first)
        release(work, second)
        clients.wait_for(second)
        # A rollback is the release reverted: the records of both bundles stay.
        reverted = work.run("git", "revert", "--no-edit", "HEAD")
        assert reverted.returncode == 0, reverted.stderr
        clients.wait_for(first)
    assert set(clients.statuses) == {200}
    assert clients.statuses[200] > 100
    records = {path.name for path in (work.path / "handoff/records").iterdir()}
    assert {first, second} <= records
