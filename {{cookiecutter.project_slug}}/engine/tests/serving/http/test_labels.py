"""Labels are stored; with `known_at` they may come late, twice, corrected and in any order."""

import errno
import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.bundle import bundle as bundles
from engine.bundle.bundle import Contract
from engine.serving.http.errors import ProblemError
from engine.serving.http.request_parsing import labels_of
from engine.serving.http.schema import Limits, schema_of
from engine.serving.model.predictor import Predictor, load
from engine.tests.serving.conftest import Connect
from engine.tests.serving.http.test_app import errors_of
from engine.tests.serving.made import COLUMNS, make_bundle

LABEL = {"prediction_id": "0" * 32, "label": True}


@pytest.fixture(scope="module")
def regression(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    path = tmp_path_factory.mktemp("made") / "regression"
    make_bundle(path, "regression")
    return load(bundles.read(path), rehearsal=False)


def sent(client: TestClient, **fields: Any) -> Any:
    return client.post("/v1/labels", json={"labels": [LABEL | fields]})


def stored(folder: Path) -> list[dict[str, Any]]:
    segments = sorted(folder.glob("labels/*.jsonl"))
    return [json.loads(line) for path in segments for line in path.read_text().splitlines()]


@pytest.mark.parametrize(
    ("known_at", "written"),
    [
        ("2026-03-01T09:30:00Z", "2026-03-01T09:30:00.000000+00:00"),
        ("2026-03-01 09:30+02:00", "2026-03-01T07:30:00.000000+00:00"),
        ("2026-03-01T09:30:00.123-05:30", "2026-03-01T15:00:00.123000+00:00"),
    ],
)
def test_known_at_is_stored_in_utc(
    client: TestClient, tmp_path: Path, known_at: str, written: str
) -> None:
    assert sent(client, known_at=known_at).status_code == 200
    assert sent(client).status_code == 200
    assert [line.get("known_at") for line in stored(tmp_path)] == [written, None]


@pytest.mark.parametrize(
    "known_at",
    [
        "2026-03-01T09:30:00",
        "2026-03-01",
        "2026-02-30T09:30:00Z",
        "2026-03-01T09:30:00+25:00",
        "0001-01-01T00:00:00+14:00",
        "1026-03-01T09:30:00Z",
        "9999-12-31T23:59:59-14:00",
        "noon",
        "",
        None,
        1_700_000_000,
    ],
)
def test_invalid_known_at_is_refused(client: TestClient, known_at: Any) -> None:
    answer = sent(client, known_at=known_at)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["field"] == "labels[0].known_at"
    assert error["expected"].startswith("a date-time with an offset")


def test_known_at_in_the_future_is_refused_except_for_clock_differences(client: TestClient) -> None:
    def known_in(minutes: int) -> int:
        timestamp = datetime.now(UTC) + timedelta(minutes=minutes)
        status: int = sent(client, known_at=timestamp.isoformat()).status_code
        return status

    assert (known_in(3), known_in(7)) == (200, 422)


def test_later_of_two_labels_known_at_one_time_is_stored(
    client: TestClient, tmp_path: Path
) -> None:
    """They come with one request and so at one time: only `known_at` orders them."""
    labels = [
        LABEL,
        LABEL | {"known_at": "2026-03-01T09:30:00Z"},
        LABEL | {"known_at": "2026-03-01T10:30:00+01:00", "label": False},
        LABEL | {"label": False},
        LABEL | {"prediction_id": "1" * 32},
    ]
    assert client.post("/v1/labels", json={"labels": labels}).json() == {"stored": 5}
    assert [
        (line["prediction_id"][0], "known_at" in line, line["label"]) for line in stored(tmp_path)
    ] == [("0", False, False), ("0", True, False), ("1", False, True)]


def test_documentation_has_the_fields_of_a_label(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()["components"]["schemas"]["Label"]
    assert set(schema["properties"]) == {"prediction_id", "label", "known_at"}
    assert schema["required"] == ["prediction_id", "label"]
    assert "in any order" in schema["properties"]["known_at"]["description"]


def test_single_label_is_stored(client: TestClient) -> None:
    assert client.post("/v1/labels", json=LABEL).json() == {"stored": 1}
    errors = errors_of(client, LABEL | {"lable": True}, "/v1/labels")
    assert errors == {"lable": "no such field; did you mean 'label'?"}


def slow_fsync(monkeypatch: pytest.MonkeyPatch) -> dict[int, int]:
    """Let every fsync take a while; the bytes of each file and folder at its last, by inode."""
    synced, fsync = dict[int, int](), os.fsync

    def note(descriptor: int) -> None:
        time.sleep(0.05)
        fsync(descriptor)
        status = os.fstat(descriptor)
        synced[status.st_ino] = status.st_size

    monkeypatch.setattr(os, "fsync", note)
    return synced


def test_label_is_answered_once_a_power_cut_cannot_lose_it(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its segment and the name of its segment are synced before the response."""
    synced = slow_fsync(monkeypatch)
    for outcome in (False, True):
        assert sent(client, label=outcome).status_code == 200
        status = {path: path.stat() for path in (tmp_path / "labels").iterdir()}
        [segment] = status.values()
        assert synced.get(segment.st_ino) == segment.st_size > 0
    assert (tmp_path / "labels").stat().st_ino in synced


def test_label_whose_sync_fails_is_not_stored_and_may_come_again(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sent(client, label=False).status_code == 200
    with monkeypatch.context() as failing:

        def fail(_: int) -> None:
            raise OSError(errno.EIO, "the disk is broken")

        failing.setattr(os, "fsync", fail)
        assert sent(client).status_code == 503
    assert [line["label"] for line in stored(tmp_path)] == [False]
    assert sent(client).status_code == 200
    assert sorted(line["label"] for line in stored(tmp_path)) == [False, True]


@pytest.mark.parametrize(
    "label", ["Infinity", "-Infinity", "NaN", "1e999", "-1e999", '"7"', "true", "null", "[7]"]
)
@pytest.mark.parametrize("form", ["%s", '{"labels": [%s]}'])
def test_label_of_a_regression_is_a_finite_number(
    connect: Connect, regression: Predictor, tmp_path: Path, label: str, form: str
) -> None:
    client, body = connect(regression), json.dumps(LABEL | {"label": "?"})
    answer = client.post("/v1/labels", content=form % body.replace('"?"', label))
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["field"].endswith("label")
    assert error["expected"] == "a number"
    assert client.post("/v1/labels", content=form % body.replace('"?"', "-1.5e3")).json() == {
        "stored": 1
    }
    assert [line["label"] for line in stored(tmp_path)] == [-1500.0]


def test_accepted_label_is_on_the_disk(client: TestClient, tmp_path: Path) -> None:
    for outcome in (False, True):
        assert sent(client, label=outcome).json() == {"stored": 1}
    [segment] = (tmp_path / "labels").glob("*.jsonl")
    lines = [json.loads(line) for line in segment.read_text().splitlines()]
    assert [line["label"] for line in lines] == [False, True]
    assert lines[0]["at"] < lines[1]["at"]


def test_label_that_cannot_be_stored_gets_503(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "labels").write_text("a file where the folder should be")
    response = sent(client)
    assert response.status_code == 503
    assert response.headers["retry-after"]
    (tmp_path / "labels").unlink()
    assert sent(client).status_code == 200


@pytest.mark.parametrize("label", [{"prediction_id": "1", "label": True}, {"label": True}])
def test_label_without_a_prediction_is_refused(client: TestClient, label: dict[str, Any]) -> None:
    errors = errors_of(client, {"labels": [label]}, "/v1/labels")
    assert errors == {"labels[0].prediction_id": "the prediction_id of a prediction"}


@pytest.mark.parametrize("classes", [("in time", "late"), (0, 1)])
def test_label_of_two_classes_is_a_word_of_the_table_or_a_decision(
    classes: tuple[Any, Any],
) -> None:
    """Predictions have true and false as `decision`, whatever the table's words are."""
    schema = schema_of(Contract("binary", classes, COLUMNS, ()), Limits())

    def read(*labels: Any) -> list[Any]:
        body = json.dumps({"labels": [LABEL | {"label": label} for label in labels]})
        return [one["label"] for one in labels_of(body.encode(), schema)]

    written = read(True, classes[1], False, classes[0])
    assert written == [classes[1], classes[1], classes[0], classes[0]]
    assert not any(isinstance(one, bool) for one in written)
    with pytest.raises(ProblemError):
        read("perhaps")
    label = schema.components()["Label"]["properties"]["label"]
    assert label["enum"] == [*classes, True, False]


def test_label_of_a_table_with_true_and_false_keeps_their_meaning() -> None:
    """A table may have false as its positive class: its own words come first."""
    schema = schema_of(Contract("binary", (True, False), COLUMNS, ()), Limits())
    [label] = labels_of(json.dumps(LABEL).encode(), schema)
    assert label["label"] is True
