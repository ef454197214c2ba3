"""The engine's own checks, in the order of the verdict, and what each of them prevents."""

from engine.gate.checks import honest, runs_the_same, safe_to_own, worth_it
from engine.gate.checks.behaviour import behaviour
from engine.gate.checks.budget import budget
from engine.gate.checks.check import Check
from engine.gate.checks.compatible import compatible
from engine.gate.checks.notebooks import notebooks
from engine.gate.checks.reproducible import reproducible

# The four groups, each from the simplest check to the deepest.
STANDARD_CHECKS: tuple[Check, ...] = (
    Check(
        "problem complete",
        "worth it",
        worth_it.problem_complete,
        because="Nobody can say whether a model is good enough for a decision that is not "
        "described.",
    ),
    Check(
        "beats the baseline",
        "worth it",
        worth_it.beats_baseline,
        because="Without a sure gain, the simple rule is cheaper and breaks less often.",
    ),
    Check(
        "champion",
        "worth it",
        worth_it.champion,
        because="The release would make today's decisions worse.",
    ),
    Check(
        "slices",
        "worth it",
        worth_it.slices,
        because="The mean hides a group for which the model fails.",
    ),
    Check(
        "evaluation",
        "honest",
        honest.evaluation,
        because="Whoever signs would decide on figures that the model does not reach.",
    ),
    Check(
        "leakage",
        "honest",
        honest.leakage,
        because="A value that is filled after the outcome is missing when the decision is "
        "due. The model looks perfect here and fails there.",
    ),
    Check(
        "split",
        "honest",
        honest.split,
        because="A row on both sides of the split lets the model repeat what it has "
        "learned by heart.",
    ),
    Check(
        "calibration",
        "honest",
        honest.calibration,
        because="Decisions by expected money are wrong where 0.8 does not mean 8 of 10.",
    ),
    Check(
        "current",
        "runs the same",
        runs_the_same.current,
        because="The other checks would measure another model than the one that is signed.",
    ),
    Check(
        "contract",
        "runs the same",
        runs_the_same.contract,
        because="A malformed request would get a prediction instead of an error.",
    ),
    Check(
        "compatible",
        "runs the same",
        compatible,
        because="Requests of today's clients would get an error from the release on.",
    ),
    Check(
        "parity",
        "runs the same",
        runs_the_same.parity,
        because="The server would decide otherwise than the model that was evaluated.",
    ),
    Check(
        "robust",
        "runs the same",
        runs_the_same.robust,
        because="A rare but valid request would fail, or its prediction depend on its neighbours.",
    ),
    Check(
        "behaviour",
        "runs the same",
        behaviour,
        because="The model breaks a rule that the team knows to hold, whatever its metric is.",
    ),
    Check(
        "reproducible",
        "runs the same",
        reproducible,
        slow_note="retraining in a clean checkout",
        because="Nobody could repair or retrain the model when it breaks.",
    ),
    Check(
        "budget",
        "runs the same",
        budget,
        slow_note="sending requests to the real server for 10 s",
        because="Callers would wait longer than promised, or the server run out of memory.",
    ),
    Check(
        "complete",
        "safe to own",
        safe_to_own.complete,
        because="A changed or missing file means that this is not what was built.",
    ),
    Check(
        "safe",
        "safe to own",
        safe_to_own.safe,
        because="Loading the bundle could run foreign code, or publish a secret or personal data.",
    ),
    Check(
        "documented",
        "safe to own",
        safe_to_own.documented,
        because="The person on call must be able to read what an input means.",
    ),
    Check(
        "monitorable",
        "safe to own",
        safe_to_own.monitorable,
        because="Alarms without a cause teach the team to ignore alarms.",
    ),
    Check(
        "notebooks",
        "safe to own",
        notebooks,
        slow_note="running the notebooks from top to bottom",
        because="Colleagues could not repeat the analysis; outputs may hold personal rows.",
    ),
)
# All other checks depend on these: unchanged files of this project, which run no foreign code.
REQUIRED = ("complete", "current", "safe")
