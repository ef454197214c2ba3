"""Every column that problem.toml names anywhere stands in the contract."""

import pytest

from data.contract import ROW
from engine.data.columns import check_names
from engine.problem.errors import BadInput
from engine.problem.spec import parse
from engine.tests.project import STAGES

TEXT = (STAGES / "problem/problem.toml").read_text(encoding="utf-8")
# The line as generated, the same with a mistyped name, and that name.
NAMES = {
    "target": ('column = "late"', 'column = "lat"', "lat"),
    "id": ('id = "order_id"', 'id = "order"', "order"),
    "time": ('time = "ordered_at"', 'time = "ordered"', "ordered"),
    "unit": ('unit = "customer_id"', 'unit = "customer"', "customer"),
    "known after": ('delivery_days = "when', 'delivery_day = "when', "delivery_day"),
    "personal": ('customer_id = "names', 'client_id = "names', "client_id"),
    "slice": ('column = "region"', 'column = "regio"', "regio"),
    "direction": ('column = "distance_km"', 'column = "distance"', "distance"),
    "invariance": ('column = "fragile"', 'column = "breakable"', "breakable"),
    "minimum": ("distance_km = 5.0", "distance = 5.0", "distance"),
}


def test_names_of_the_problem_as_generated_stand_in_the_contract() -> None:
    check_names(parse(TEXT, "problem.toml"), ROW)


@pytest.mark.parametrize("place", NAMES)
def test_name_that_the_contract_lacks_is_refused(place: str) -> None:
    right, wrong, name = NAMES[place]
    assert right in TEXT
    with pytest.raises(BadInput, match=f"'{name}'") as raised:
        check_names(parse(TEXT.replace(right, wrong, 1), "problem.toml"), ROW)
    assert raised.value.code == "unknown-column"
