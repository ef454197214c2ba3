"""`python -m poc train` chooses a candidate, by cross-validation of the training rows."""

from engine.bundle.bundle import Bundle
from engine.problem.spec import Problem
from poc.model import MODEL


def test_training_chooses_a_candidate_that_is_no_baseline(problem: Problem, bundle: Bundle) -> None:
    tried = MODEL.candidates(bundle.contract.inputs, problem.target.task, 0, 1_000)
    allowed = {one.name for one in tried if one.may_be_chosen}
    assert bundle.evaluation["candidate"]["name"] in allowed
