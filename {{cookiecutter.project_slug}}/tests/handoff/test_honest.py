"""A score that is nearly perfect is worth a second look; a merely good one is not."""

import pytest

from handoff.checks.honest import too_good


@pytest.mark.parametrize(
    ("name", "value", "high", "warned"),
    [
        ("roc_auc", 0.999, 1.0, True),
        ("roc_auc", 0.97, 0.98, False),
        ("roc_auc", 0.90, 1.0, False),  # a few rows can tell nothing
        ("balanced_accuracy", 0.9667, 1.0, True),
        ("r2", 0.9999, 0.9999, True),
        ("accuracy", 0.999, 1.0, False),  # one class is rare
    ],
)
def test_a_second_look_is_asked_for_near_perfection_only(
    name: str, value: float, high: float, warned: bool
) -> None:
    found = too_good({name: {"value": value, "low": value, "high": high}})
    assert found == ([f"{name} {value:.4f}"] if warned else [])
