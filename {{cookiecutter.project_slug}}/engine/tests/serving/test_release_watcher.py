"""Each release is served, or rejected with a reason while the current bundle serves on."""

import json
import logging
import os
import sys
from typing import Any

import pytest

from engine.bundle import bundle as bundles
from engine.bundle.archive import features_module
from engine.tests.serving.conftest import Made
from engine.tests.serving.made import ROW, make_bundle, write_manifest
from engine.tests.serving.released import Following
from engine.tests.serving.unbroken.process import logged_records


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("champion = ", "not valid TOML"),
        ('champion = "', "not valid TOML"),
        ("\0", "zero bytes"),
        ("", "nothing is released"),
        ('champion = ""\n', "nothing is released"),
        ('champion = "latest"\n', "64 hexadecimal digits"),
        ('champion = ["a"]\n', "64 hexadecimal digits"),
        (f'champion = "{"0" * 64}"\n', "is not in the store"),
    ],
)
def test_release_file_without_a_champion_is_refused(
    server: Following, caplog: pytest.LogCaptureFixture, text: str, why: str
) -> None:
    server.released.write(text)
    reason = server.refuses()
    assert why in reason
    assert "bundles" not in reason  # the path of the store is not public
    [line] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert line.getMessage().startswith("Rejected release")
    assert "\n" not in line.getMessage()
    assert (server.swaps("refused"), server.swaps("answers")) == (1, 0)
    # Releasing the current bundle again is no swap and clears the rejection.
    server.swaps_to(server.first)
    assert (server.swaps("refused"), server.swaps("answers")) == (1, 0)


def test_deleted_release_file_is_refused_until_restored(server: Following) -> None:
    server.released.file.unlink()
    assert "no such file" in server.refuses()
    server.swaps_to(server.first)


def test_unaccepted_bundle_is_refused(server: Following, other: Made) -> None:
    server.released.add(*other, accepted=False)
    server.released.name(other[1])
    assert "is not accepted" in server.refuses()
    assert server.ready()["refused"]["bundle"] == other[1]


@pytest.mark.parametrize(
    ("code", "log"),
    [
        ("raise SystemExit(3)", "SystemExit"),
        ("import sys\nraise RuntimeError('of Ada Lovelace')", "RuntimeError"),
        ("", "does not load here"),
    ],
)
def test_bundle_that_does_not_load_is_refused_and_unloaded(
    server: Following,
    other: Made,
    caplog: pytest.LogCaptureFixture,
    code: str,
    log: str,
) -> None:
    bundle = server.released.add_changed(other[0], "code/features.py", code.encode())
    server.released.name(bundle)
    why = server.refuses()
    assert "does not load here" in why
    assert "Ada" not in why
    assert log in caplog.text
    assert f"bundle_{bundle[:12]}_features" not in sys.modules


def test_bundle_with_other_golden_predictions_is_refused(
    server: Following, other: Made, caplog: pytest.LogCaptureFixture
) -> None:
    first, *rest = (other[0] / "golden.jsonl").read_bytes().splitlines(keepends=True)
    row = json.loads(first)
    row["answer"]["score"] = 1 - row["answer"]["score"]
    golden = json.dumps(row).encode() + b"\n" + b"".join(rest)
    server.released.name(server.released.add_changed(other[0], "golden.jsonl", golden))
    assert "golden answers" in server.refuses()
    assert "golden row 1" in caplog.text
    server.released.add(*other)
    server.swaps_to(other[1])  # the same with its own golden answers


def test_rollback_restores_the_first_bundle_s_feature_code(server: Following, other: Made) -> None:
    server.released.add(*other)
    names = [f"bundle_{bundle[:12]}_features" for bundle in (server.first, other[1])]
    before = server.answer()["score"]
    server.swaps_to(other[1])
    after = server.answer()["score"]
    assert before != after
    assert [name in sys.modules for name in names] == [False, True]
    assert names[1] == features_module(bundles.read(other[0]))
    server.swaps_to(server.first)
    assert server.answer()["score"] == before
    server.until(lambda _: server.swaps("answers") == 2)  # counted just after the switch


def test_changed_link_target_is_a_release(server: Following, other: Made) -> None:
    """As in a mounted ConfigMap: the file stays the same link."""
    server.released.add(*other)
    folder = server.released.file.parent
    for version, bundle in (("1", server.first), ("2", other[1])):
        (folder / version).mkdir()
        (folder / version / "release.toml").write_text(f'champion = "{bundle}"\n')
    (folder / "data").symlink_to("1")
    (folder / "link").symlink_to("data/release.toml")
    (folder / "link").replace(server.released.file)
    (folder / "fresh").symlink_to("2")
    os.replace(folder / "fresh", folder / "data")
    assert server.until(lambda body: body["bundle"] == other[1])


def test_release_switches_documents_labels_and_personal_columns(
    server: Following, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("bands") / "bundle"
    bundle = make_bundle(path, "multiclass")
    problem = (path / "problem.toml").read_text()
    assert "[columns.personal]" not in problem
    (path / "problem.toml").write_text(problem + '\n[columns.personal]\ndays = "names a person"\n')
    bundle = write_manifest(path)
    server.released.add(path, bundle)

    def answer_schema() -> dict[str, Any]:
        document = server.client.get("/openapi.json").json()
        assert server.ready()["bundle"] in document["info"]["description"]
        schema: dict[str, Any] = document["components"]["schemas"]["Answer"]
        return schema

    def takes(label: Any) -> bool:
        body = {"prediction_id": before["prediction_id"], "label": label}
        status = server.client.post("/v1/labels", json=body).status_code
        assert status in (200, 422)
        return status == 200

    before = server.answer()
    assert (takes(True), takes("high")) == (True, False)
    assert "scores" not in answer_schema()["properties"]
    server.swaps_to(bundle)
    between = server.answer()
    # The current contract validates a label, whichever bundle made the prediction.
    assert (takes(True), takes("high")) == (False, True)
    assert "scores" in answer_schema()["properties"]
    server.swaps_to(server.first)
    after = server.answer()
    assert takes(True)
    assert "scores" not in answer_schema()["properties"]
    ids = [one["prediction_id"] for one in (before, between, after)]
    server.until(lambda _: set(ids) <= set(logged_records(server.folder / "predictions")))
    rows = [logged_records(server.folder / "predictions")[one]["row"] for one in ids]
    assert [set(ROW) - set(row) for row in rows] == [set(), {"days"}, set()]


def test_label_for_a_replaced_bundle_is_accepted(server: Following, other: Made) -> None:
    server.released.add(*other)
    before = server.answer()
    server.swaps_to(other[1])
    body = {"prediction_id": before["prediction_id"], "label": True}
    assert server.client.post("/v1/labels", json=body).json() == {"stored": 1}
