"""The environment changes the limits of serving/app.py, within reason."""

import pytest

from engine.problem.errors import BadInput
from engine.serving.http.schema import Limits
from engine.serving.limits import VARIABLES, limits_of

OWN = Limits(body_bytes=10, rows=2, waiting_rows=3, wait_seconds=1.0)


def test_limits_without_variables_are_those_of_the_stage() -> None:
    assert limits_of(OWN, {"PATH": "/bin"}) == OWN


def test_limits_every_field_has_a_variable() -> None:
    environment = {name: str(7 + i) for i, (name, _) in enumerate(VARIABLES.values())}
    assert limits_of(OWN, environment) == Limits(7, 8, 9, 10.0)
    assert limits_of(OWN, {"SERVING_WAIT_SECONDS": "0.5"}).wait_seconds == 0.5


@pytest.mark.parametrize(
    "environment",
    [
        {"SERVING_ROWS": "0"},
        {"SERVING_ROWS": "-5"},
        {"SERVING_ROWS": "2.5"},
        {"SERVING_ROWS": "1e3"},
        {"SERVING_ROWS": "many"},
        {"SERVING_ROWS": "٣"},
        {"SERVING_BODY_BYTES": "99999999999"},
        {"SERVING_WAIT_SECONDS": "nan"},
        {"SERVING_WAIT_SECONDS": ""},
        {"SERVING_ROWS": "4"},  # more than may wait
    ],
)
def test_limits_value_that_is_no_limit_is_refused(environment: dict[str, str]) -> None:
    with pytest.raises(BadInput) as refused:
        limits_of(OWN, environment)
    assert refused.value.code == "not-a-limit"
