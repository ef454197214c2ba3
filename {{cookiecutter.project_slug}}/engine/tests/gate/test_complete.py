"""A damaged bundle is refused by check `complete`, and no verdict on it is recorded."""

import pytest

from engine.gate.gate import record, validate
from engine.problem.errors import BadInput
from engine.tests.gate.conftest import Make
from engine.tests.gate.made import QUICK, Workshop


def test_record_damaged_bundle_raises(workshop: Make) -> None:
    made: Workshop = workshop("regression")
    with (made.bundle / "model/model.skops").open("ab") as model:
        model.write(b"!")
    verdict = made.validate()
    assert [(one.check, one.outcome) for one in verdict.findings] == [("complete", "refuse")]
    assert verdict.bundle_id is None
    with pytest.raises(ValueError, match="cannot be recorded"):
        record(verdict)


def test_validate_missing_folder_is_refused(workshop: Make) -> None:
    made = workshop("regression")
    with pytest.raises(BadInput, match="nowhere") as refused:
        validate(made.root / "nowhere", made.definition, QUICK)
    assert refused.value.code == "not-a-bundle"
