"""The command says what is wrong and with which code; what nobody knows yet is said loudly."""

import inspect
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engine.monitoring.log import LogState
from engine.monitoring.result import Finding, Result, picture, selection, summarise
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


def run_check(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(["check", *words])
    return code, capsys.readouterr().out


def test_check_no_drift_exits_with_0_and_reports_missing_labels(
    tmp_path: Path, bundle: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    path, name = bundle
    write_log(tmp_path, rows(400, 3), np.linspace(0, 1, 400).tolist(), bundle=name)
    code, out = run_check(["--bundle", str(path), "--log", str(tmp_path), *SINCE], capsys)
    assert code == 0
    assert "no drift over 400 rows; insufficient data for the performance" in out
    assert "items: distribution" in out


def test_check_drift_exits_with_3_and_names_the_column(
    tmp_path: Path, bundle: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    path, name = bundle
    scores = np.linspace(0, 1, 400).tolist()
    write_log(tmp_path, rows(400, 3, shift=1), scores, bundle=name)
    code, out = run_check(["--bundle", str(path), "--log", str(tmp_path), *SINCE], capsys)
    assert code == 3
    assert "drift in " in out
    assert HOSTILE in re.sub(r"\s*\n\s*", " ", out)
    assert "ask the column's owner" in re.sub(r"\s+", " ", out)


def test_check_too_few_rows_exits_with_0_and_is_never_ok(
    tmp_path: Path, bundle: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    path, name = bundle
    write_log(tmp_path, rows(50, 3, shift=9), [0.5] * 50, bundle=name)
    code, out = run_check(["--bundle", str(path), "--log", str(tmp_path), *SINCE], capsys)
    assert code == 0
    assert "insufficient data: 50 of at least 200 rows" in out
    assert "✓" not in out


def test_check_json_has_the_same_result(
    tmp_path: Path, bundle: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    path, name = bundle
    write_log(tmp_path, rows(400, 3, shift=1), [0.5] * 400, bundle=name)
    code, out = run_check(["--bundle", str(path), "--log", str(tmp_path), *SINCE, "--json"], capsys)
    values = json.loads(out)
    assert code == 3
    assert (values["verdict"], values["counted"], values["bundle"]) == ("drift", 400, name)
    assert {"check": "distribution", "subject": HOSTILE, "verdict": "drift"}.items() <= values[
        "rows"
    ][1].items()


def test_check_default_bundle_is_the_champion(
    tmp_path: Path,
    bundle: tuple[Path, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, name = bundle
    write_log(tmp_path / "logs", rows(400, 3), np.linspace(0, 1, 400).tolist(), bundle=name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BUNDLES", str(path.parent))
    with pytest.raises(BadInput, match="--bundle") as raised:
        main(["check"])
    assert raised.value.code == "missing-file"
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy/release.toml").write_text("# nothing is live\n")
    with pytest.raises(BadInput, match="--bundle") as raised:
        main(["check"])
    assert raised.value.code == "no-champion"
    (tmp_path / "deploy/release.toml").write_text(f'champion = "{name}"\n')
    code, out = run_check(SINCE, capsys)
    assert (code, name[:12] in out) == (0, True)


def test_check_invalid_time_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["check", "--since", "yesterday"])
    message = capsys.readouterr().err
    assert "such as 2026-11-23" in message
    assert "got 'yesterday'" in message


def test_check_future_time_is_one_error(tmp_path: Path, bundle: tuple[Path, str]) -> None:
    path, name = bundle
    write_log(tmp_path, rows(400, 3), np.linspace(0, 1, 400).tolist(), bundle=name)
    for since in ("2199-01-01", (datetime.now(UTC) + timedelta(hours=1)).isoformat()):
        with pytest.raises(BadInput, match="--since") as raised:
            main(["check", "--bundle", str(path), "--log", str(tmp_path), "--since", since])
        assert raised.value.code == "empty-window"


def result(logs: Path, shift: float) -> Result:
    write_log(logs, rows(400, 3, shift=shift), np.linspace(0, 1, 400).tolist())
    return check(bundle_of(frozen()), logs, now=NOW)


def test_selection_quiet_column_shows_one_check(tmp_path: Path) -> None:
    shown = selection(result(tmp_path, shift=0).rows)
    subjects = [finding.about for finding in shown]
    assert len(subjects) == len(set(subjects)) == len(frozen()["features"]) + 3


def test_selection_drifted_column_shows_every_alarm(tmp_path: Path) -> None:
    checked = result(tmp_path, shift=4)
    shown = [one for one in selection(checked.rows) if one.subject == HOSTILE]
    assert {one.check for one in shown} == {"distribution", "range"}
    assert checked.rows[0].wrong  # the worst comes first


def test_picture_hostile_names_are_escaped(tmp_path: Path) -> None:
    drawn = picture(result(tmp_path, shift=1))
    assert drawn.startswith("<svg")
    assert "DROP TABLE" in drawn
    assert '"kg"' not in drawn


def test_summarise_no_findings_is_not_ok() -> None:
    fine = Finding("score", "", 0.0, 0.1, "ok", "")
    unknown = Finding("missing", "x", None, None, "insufficient data", "")
    bad = Finding("range", "x", 0.5, 0.1, "drift", "")
    window = SimpleNamespace(begin=NOW)
    live: Any = SimpleNamespace(
        counts=SimpleNamespace(rows=3),
        window=window,
        bundle=SimpleNamespace(id="b"),
        log=LogState(rehearsal=False, truncated=0, repeated=0, unread=()),
    )
    assert summarise([], live).verdict == "insufficient data"
    assert summarise([fine], live).verdict == "ok"
    assert summarise([fine, unknown], live).verdict == "insufficient data"
    assert summarise([fine, unknown, bad], live).verdict == "drift"


def test_check_finding_of_a_team_counts_like_the_others(
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
    checked = module["check"](bundle_of(frozen()), tmp_path, now=NOW)
    assert (checked.verdict, checked.rows[0].measured) == ("drift", 400)
    assert checked.headline.startswith("drift in traffic over 400 rows")
