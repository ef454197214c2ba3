"""The command says what is wrong and with which code; what nobody knows yet is said loudly."""

import inspect
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.monitoring.result import Finding, Result, worst
from engine.monitoring.show import picture, selection
from engine.problem.errors import BadInput
from engine.tests.monitoring.made import (
    HOSTILE,
    NOW,
    bundle_of,
    frozen,
    rows,
    write_bundle,
    write_log,
)
from monitoring.__main__ import main
from monitoring.check import check

SINCE = ["--since", "2026-11-01"]


@pytest.fixture
def bundle(tmp_path: Path) -> tuple[Path, str]:
    """A bundle in a store of its own, and its id."""
    folder = tmp_path / "store" / "draft"
    name = write_bundle(folder, bundle_of(frozen()))
    return folder.rename(tmp_path / "store" / name), name


def said(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(["check", *words])
    return code, capsys.readouterr().out


def test_without_drift_the_code_is_0_and_missing_labels_are_told(
    tmp_path: Path, bundle: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    path, name = bundle
    write_log(tmp_path, rows(400, 3), np.linspace(0, 1, 400).tolist(), bundle=name)
    code, out = said(["--bundle", str(path), "--log", str(tmp_path), *SINCE], capsys)
    assert code == 0
    assert "no drift over 400 rows; insufficient data for the performance" in out
    assert "items: distribution" in out


def test_drift_is_code_3_and_names_the_column_and_the_next_step(
    tmp_path: Path, bundle: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    path, name = bundle
    scores = np.linspace(0, 1, 400).tolist()
    write_log(tmp_path, rows(400, 3, shift=1), scores, bundle=name)
    code, out = said(["--bundle", str(path), "--log", str(tmp_path), *SINCE], capsys)
    assert code == 3
    assert "drift in " in out
    assert HOSTILE in re.sub(r"\s*\n\s*", " ", out)
    assert "ask the column's owner" in re.sub(r"\s+", " ", out)


def test_too_few_rows_are_code_0_and_never_ok(
    tmp_path: Path, bundle: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    path, name = bundle
    write_log(tmp_path, rows(50, 3, shift=9), [0.5] * 50, bundle=name)
    code, out = said(["--bundle", str(path), "--log", str(tmp_path), *SINCE], capsys)
    assert code == 0
    assert "insufficient data: 50 of at least 200 rows" in out
    assert "✓" not in out


def test_json_says_the_same(
    tmp_path: Path, bundle: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    path, name = bundle
    write_log(tmp_path, rows(400, 3, shift=1), [0.5] * 400, bundle=name)
    code, out = said(["--bundle", str(path), "--log", str(tmp_path), *SINCE, "--json"], capsys)
    told = json.loads(out)
    assert code == 3
    assert (told["verdict"], told["counted"], told["bundle"]) == ("drift", 400, name)
    assert {"check": "distribution", "subject": HOSTILE, "verdict": "drift"}.items() <= told[
        "rows"
    ][1].items()


def test_the_champion_is_the_default(
    tmp_path: Path,
    bundle: tuple[Path, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, name = bundle
    write_log(tmp_path / "logs", rows(400, 3), np.linspace(0, 1, 400).tolist(), bundle=name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BUNDLES", str(path.parent))
    with pytest.raises(BadInput, match="name a bundle with --bundle"):
        main(["check"])
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy/release.toml").write_text("# nothing is live\n")
    with pytest.raises(BadInput, match="names no champion"):
        main(["check"])
    (tmp_path / "deploy/release.toml").write_text(f'champion = "{name}"\n')
    code, out = said(SINCE, capsys)
    assert (code, name[:12] in out) == (0, True)


def test_a_time_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["check", "--since", "yesterday"])
    said = capsys.readouterr().err
    assert "such as 2026-11-23" in said
    assert "got 'yesterday'" in said


def test_a_time_in_the_future_is_one_error(tmp_path: Path, bundle: tuple[Path, str]) -> None:
    path, name = bundle
    write_log(tmp_path, rows(400, 3), np.linspace(0, 1, 400).tolist(), bundle=name)
    for since in ("2199-01-01", (datetime.now(UTC) + timedelta(hours=1)).isoformat()):
        with pytest.raises(BadInput, match="before now"):
            main(["check", "--bundle", str(path), "--log", str(tmp_path), "--since", since])


def result(logs: Path, shift: float) -> Result:
    write_log(logs, rows(400, 3, shift=shift), np.linspace(0, 1, 400).tolist())
    return check(bundle_of(frozen()), logs, now=NOW)


def test_of_a_quiet_column_the_table_shows_one_check(tmp_path: Path) -> None:
    shown = selection(result(tmp_path, shift=0).rows)
    subjects = [finding.about for finding in shown]
    assert len(subjects) == len(set(subjects)) == len(frozen()["features"]) + 2


def test_of_a_column_that_drifts_the_table_shows_every_alarm(tmp_path: Path) -> None:
    found = result(tmp_path, shift=4)
    shown = [one for one in selection(found.rows) if one.subject == HOSTILE]
    assert {one.check for one in shown} == {"distribution", "range"}
    assert found.rows[0].wrong  # the worst comes first


def test_the_picture_shows_the_nearest_and_escapes_what_data_says(tmp_path: Path) -> None:
    drawn = picture(result(tmp_path, shift=1))
    assert drawn.startswith("<svg")
    assert "DROP TABLE" in drawn
    assert '"kg"' not in drawn


def test_nothing_checked_is_not_ok() -> None:
    fine = Finding("score", "", 0.0, 0.1, "ok", "")
    unknown = Finding("missing", "x", None, None, "insufficient data", "")
    bad = Finding("range", "x", 0.5, 0.1, "drift", "")
    assert worst([]) == "insufficient data"
    assert worst([fine]) == "ok"
    assert worst([fine, unknown]) == "insufficient data"
    assert worst([fine, unknown, bad]) == "drift"


def test_a_finding_that_a_team_adds_counts_like_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more line in the list of monitoring/check.py decides with the others."""
    program = Path(inspect.getfile(check)).read_text("utf-8")
    last = "window.begin, window.end),\n"
    assert last in program
    own = 'Finding("volume", "traffic", live.counts.rows, 1e6, "drift", "too few", "look"),\n'
    module: dict[str, Any] = {"Finding": Finding}
    exec(program.replace(last, last + own), module)  # noqa: S102  our own program
    write_log(tmp_path, rows(400, 3), np.linspace(0, 1, 400).tolist())
    found = module["check"](bundle_of(frozen()), tmp_path, now=NOW)
    assert (found.verdict, found.rows[0].measured) == ("drift", 400)
    assert found.headline.startswith("drift in traffic over 400 rows")
