"""Ids are never given twice; with a key, siblings know each other's and nobody can invent one."""

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
def test_ids_are_32_hex_digits_and_never_the_same(keys: list[bytes]) -> None:
    one, other = Ids(keys), Ids(keys)
    made = [source.new_id() for source in (one, other) for _ in range(1_000)]
    assert len(set(made)) == len(made)
    assert all(re.fullmatch("[0-9a-f]{32}", id_) for id_ in made)
    assert all(one.is_valid(id_) for id_ in made)


def test_siblings_know_each_others_ids_and_none_that_is_invented() -> None:
    given, sibling = Ids([OLD]).new_id(), Ids([OLD])
    assert sibling.is_valid(given)
    for place, digit in enumerate(given):
        other = "0" if digit != "0" else "1"
        assert not sibling.is_valid(given[:place] + other + given[place + 1 :])
    assert not any(sibling.is_valid(Ids().new_id()) for _ in range(1_000))
    assert not sibling.is_valid(Ids([NEW]).new_id())


def test_without_a_key_every_id_is_taken() -> None:
    assert Ids().is_valid("0" * 32)
    assert Ids().is_valid(Ids([OLD]).new_id())


def test_a_key_is_replaced_without_a_gap() -> None:
    before, during, after = Ids([OLD, NEW]), Ids([NEW, OLD]), Ids([NEW])
    assert all(one.is_valid(two.new_id()) for one in (before, during) for two in (before, during))
    assert after.is_valid(during.new_id())
    assert not after.is_valid(before.new_id())


def test_what_was_drawn_ahead_is_not_made_with_another_key() -> None:
    made = Ids()
    made.new_id()
    made.use([OLD])
    assert Ids([OLD]).is_valid(made.new_id())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_process_that_splits_gives_no_id_twice() -> None:
    ids.new_id()  # others are drawn ahead
    here, there = os.pipe()
    child = os.fork()
    if not child:
        os.write(there, ids.new_id().encode())
        os._exit(0)
    os.waitpid(child, 0)
    ours = {ids.new_id() for _ in range(1_000)}
    assert os.read(here, 32).decode() not in ours


def test_keys_come_from_the_environment_and_from_a_file(tmp_path: Path) -> None:
    assert keys_of({}) == []
    (tmp_path / "key").write_bytes(OLD + b"\n")
    assert keys_of({KEY: NEW.decode(), FILE: str(tmp_path / "key")}) == [NEW, OLD]


@pytest.mark.parametrize("text", ["", " \n,", "a-short-one", f"{OLD.decode()} a-short-one"])
def test_a_key_that_proves_nothing_is_refused_without_being_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(text)
    for given in ({KEY: text}, {FILE: str(tmp_path / "key")}, {FILE: str(tmp_path / "no")}):
        with pytest.raises(BadInput) as refused:
            keys_of(given)
        assert "a-short-one" not in str(refused.value)
        assert OLD.decode() not in str(refused.value)


def test_a_label_of_an_id_that_was_not_given_is_refused_only_with_a_key(
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


def test_a_server_takes_its_key_from_the_environment_and_does_not_start_with_a_bad_one(
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
    assert f"at least {SHORTEST} characters in {KEY}" in refused.stderr
    assert "a-short-one" not in refused.stderr
