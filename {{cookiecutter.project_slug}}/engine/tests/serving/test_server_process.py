"""The gate measures the team's own server, as `python -m serving run` starts it."""

import shutil
from pathlib import Path

import pytest

from engine.serving import server_process
from engine.tests.project import STAGES

OWN_ROUTE = '''

@own.get("/v1/own")
async def answer() -> str:
    """Only this project has it."""
    return "own"
'''


def test_server_process_starts_the_app_of_the_stage_folder(
    tmp_path: Path, bundle_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("serving", "handoff"):
        shutil.copytree(STAGES / folder, tmp_path / folder)
    app = tmp_path / "serving/app.py"
    place = "\n\ndef create_app"
    assert app.read_text("utf-8").count(place) == 1
    app.write_text(app.read_text("utf-8").replace(place, OWN_ROUTE + place), "utf-8")
    monkeypatch.setattr(server_process, "stages_home", lambda: tmp_path)
    with server_process.server(bundle_path, tmp_path / "logs") as (connection, _):
        connection.request("GET", "/v1/own")
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b'"own"')
