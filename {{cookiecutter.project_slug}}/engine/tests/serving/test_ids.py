"""Prediction ids are unique; with a key, servers verify each other's and forged ids fail."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from engine.problem.errors import BadInput
from engine.serving import ids
from engine.serving.ids import FILE, KEY, SHORTEST, Ids, keys_of
from engine.tests.serving.made import ROW
from engine.tests.serving.test_run import command, environment
from engine.tests.serving.unbroken.process import serving

OLD, NEW = b"o" * SHORTEST, b"n" * SHORTEST


@pytest.mark.parametrize("keys", [[], [OLD]])
def test_ids_are_unique_32_hex_digits(keys: list[bytes]) -> None:
    one, other = Ids(keys), Ids(keys)
    made = [source.new_id() for source in (one, other) for _ in range(1_000)]
    assert len(set(made)) == len(made)
    assert all(re.fullmatch("[0-9a-f]{32}", id_) for id_ in made)
    assert all(one.is_valid(id_) for id_ in made)


def test_ids_with_a_shared_key_are_valid_and_forged_ones_are_not() -> None:
    given, sibling = Ids([OLD]).new_id(), Ids([OLD])
    assert sibling.is_valid(given)
    for place, digit in enumerate(given):
        other = "0" if digit != "0" else "1"
        assert not sibling.is_valid(given[:place] + other + given[place + 1 :])
    assert not any(sibling.is_valid(Ids().new_id()) for _ in range(1_000))
    assert not sibling.is_valid(Ids([NEW]).new_id())


def test_without_a_key_every_id_is_valid() -> None:
    assert Ids().is_valid("0" * 32)
    assert Ids().is_valid(Ids([OLD]).new_id())


def test_key_rotation_keeps_ids_valid() -> None:
    before, during, after = Ids([OLD, NEW]), Ids([NEW, OLD]), Ids([NEW])
    assert all(one.is_valid(two.new_id()) for one in (before, during) for two in (before, during))
    assert after.is_valid(during.new_id())
    assert not after.is_valid(before.new_id())


def test_new_key_discards_prepared_ids() -> None:
    made = Ids()
    made.new_id()
    made.use([OLD])
    assert Ids([OLD]).is_valid(made.new_id())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_forked_process_makes_other_ids() -> None:
    ids.new_id()  # prepares further ids
    here, there = os.pipe()
    child = os.fork()
    if not child:
        os.write(there, ids.new_id().encode())
        os._exit(0)
    os.waitpid(child, 0)
    ours = {ids.new_id() for _ in range(1_000)}
    assert os.read(here, 32).decode() not in ours


def test_keys_of_variable_and_file_are_combined(tmp_path: Path) -> None:
    assert keys_of({}) == []
    (tmp_path / "key").write_bytes(OLD + b"\n")
    assert keys_of({KEY: NEW.decode(), FILE: str(tmp_path / "key")}) == [NEW, OLD]


@pytest.mark.parametrize("text", ["", " \n,", "a-short-one", f"{OLD.decode()} a-short-one"])
def test_invalid_key_is_refused_and_not_shown(text: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(text)
    for given in ({KEY: text}, {FILE: str(tmp_path / "key")}, {FILE: str(tmp_path / "no")}):
        with pytest.raises(BadInput) as refused:
            keys_of(given)
        assert "a-short-one" not in str(refused.value)
        assert OLD.decode() not in str(refused.value)


def test_label_with_a_forged_id_is_refused_only_with_a_key(
    client: TestClient,
) -> None:
    def status(id_: str) -> int:
        label = {"prediction_id": id_, "label": True}
        one, many = (
            client.post("/v1/labels", json=label),
            client.post(
                "/v1/labels",
                json={"labels": [{"prediction_id": ids.new_id(), "label": True}, label]},
            ),
        )
        assert one.status_code == many.status_code
        if one.status_code == 422:
            expected = "the prediction_id of a prediction"
            assert many.json()["errors"] == [
                {"field": "labels[1].prediction_id", "expected": expected, "got": f'"{id_}"'}
            ]
            assert one.json()["errors"][0]["field"] == "prediction_id"
        return one.status_code

    assert status("0" * 32) == 200
    ids.OURS.use([NEW])
    try:
        assert status("0" * 32) == 422
        assert status(Ids([NEW]).new_id()) == 200
        answer = client.post("/v1/predict", json=ROW).json()
        assert status(answer["prediction_id"]) == 200
    finally:
        ids.OURS.use([])


def test_server_uses_the_id_key_of_its_environment(
    tmp_path: Path, bundle_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, OLD.decode())
    with serving(tmp_path, bundle_path) as server:
        for given, status in ((Ids([OLD]).new_id(), 200), (Ids().new_id(), 422)):
            label = {"prediction_id": given, "label": True}
            assert server.request("POST", "/v1/labels", label)[0] == status
    monkeypatch.setenv(KEY, "a-short-one")
    refused = subprocess.run(
        command("--port", "0", "--bundle", bundle_path, "--rehearsal"),
        check=False, cwd=tmp_path, env=environment(), capture_output=True, text=True,
    )  # fmt: skip
    assert refused.returncode == 2
    assert f"{SHORTEST} characters" in refused.stderr
    assert KEY in refused.stderr
    assert "a-short-one" not in refused.stderr
