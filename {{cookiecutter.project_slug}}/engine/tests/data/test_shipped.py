"""What the project holds is sound: its framing, its contract, and that they agree."""

from pathlib import Path

import pytest

from engine.adopt.copying import CONTRACT_FILE
from engine.adopt.generated import MARK, is_edited, seal
from engine.data.columns import columns
from engine.data.load import load
from engine.data.places import is_file
from engine.data.split import folds, split
from engine.problem.spec import PROBLEM_FILE, read
from engine.tests.data.made import schema_of
from engine.tests.project import STAGES

# Before a data set is chosen, all of them wait here, and nobody has edited any.
EXAMPLES = sorted((STAGES / "data/examples").glob("*/problem.toml"))
CURRENT = STAGES / PROBLEM_FILE
CONTRACTS = {path: path.with_name("contract.py") for path in EXAMPLES}
CONTRACTS[CURRENT] = STAGES / CONTRACT_FILE


@pytest.mark.parametrize("framing", CONTRACTS, ids=lambda path: path.parent.name)
def test_framing_contract_and_source_agree(framing: Path) -> None:
    problem, schema = read(framing), schema_of(CONTRACTS[framing])
    source = problem.rows.source
    if is_file(source) and not (STAGES / source).is_file():
        pytest.skip(f"{source} is not on this machine")
    rows = problem.rows.model_copy(
        update={"source": str(STAGES / source) if is_file(source) else source}
    )
    problem = problem.model_copy(update={"rows": rows})
    frame = load(problem, schema)
    assert columns(problem, schema, frame)
    parts = split(problem, frame)
    assert len(parts.train) > len(parts.test) > 0
    assert len(list(folds(problem, frame.iloc[parts.train].reset_index(drop=True)))) >= 2


def test_what_was_shipped_says_so_so_that_adopting_may_replace_it() -> None:
    for framing in [*EXAMPLES, CURRENT] if EXAMPLES else []:
        assert read(framing).assumed == []
        for path in (framing, CONTRACTS[framing]):
            right = seal(path.read_text("utf-8").rpartition(MARK)[0]).splitlines()[-1]
            assert not is_edited(path), f"the last line of {path} must be: {right}"
