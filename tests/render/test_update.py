"""A project can be rendered again, years later; tests/check/updates/ updates real ones."""

from tests.conftest import Render

ANSWERS = {
    "project_name": 'The "late" ones',
    "project_slug": "late",
    "description": "trailing\\",
    "dataset": "sklearn:wine",
    "runs_on": "Kubernetes",
}


def test_the_same_answers_give_the_same_bytes(render: Render) -> None:
    """No dates, no random names, no order of a folder's listing."""
    assert render(**ANSWERS).files() == render(**ANSWERS).files()
