"""Work that gives other answers in production, or nobody could make again."""

import json

from tests.mutations.catalogue import fault, root_fault
from tests.mutations.work import FEATURES, MODEL, PROBLEM, Work

# --- not made of what stands here -----------------------------------------------------------------


@fault("current", "wine", quick=True)
def problem_edited_after_training(work: Work) -> None:
    """The minimum was lowered once the result was known."""
    work.set_value("minimum", "0.5")


@fault("current", "diabetes")
def features_edited_after_training(work: Work) -> None:
    """The feature code is not the one that the model was trained with."""
    work.edit(FEATURES, "LARGEST = 1e30", "LARGEST = 1e29")


@fault("current", "titanic")
def rows_delivered_after_training(work: Work) -> None:
    """A new delivery of the table replaced the one that the model was trained on."""
    work.set_rows(work.rows()[:-5])


@fault("current", "breast_cancer")
def packages_of_another_machine(work: Work) -> None:
    """The bundle was trained with another scikit-learn than is pinned here."""

    def older(manifest: dict[str, list[str]]) -> None:
        manifest["requirements"] = [
            "scikit-learn==1.2.0" if pin.startswith("scikit-learn==") else pin
            for pin in manifest["requirements"]
        ]

    path = work.bundle / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    older(manifest)
    path.write_text(json.dumps(manifest, indent=1), encoding="utf-8")


# --- what a row may be ----------------------------------------------------------------------------


@fault("contract", "wine", quick=True, also=("parity",))
def contract_loosened_for_callers(work: Work) -> None:
    """The bundle's contract was changed to accept rows that training refuses."""
    work.lie_in_json("contract.json", lambda document: document["inputs"][0].update(maximum=10**6))


@fault("contract", "parcels", also=("parity",))
def contract_that_forgot_a_rule(work: Work) -> None:
    """data/contract.py lost a range after training, so it differs from the bundle's contract."""
    work.edit("data/contract.py", "            pa.Check.in_range(0, 3000),\n", "")


# --- what clients of the champion send ------------------------------------------------------------


@root_fault("compatible", "diabetes", quick=True)
def an_input_that_clients_still_send(work: Work) -> None:
    """An input was excluded, so the server would refuse every request that still holds it."""
    work.make_champion()
    work.edit(PROBLEM, "[columns.excluded]\n", '[columns.excluded]\ns1 = "no longer delivered"\n')


@root_fault("compatible", "parcels")
def a_range_that_became_narrower(work: Work) -> None:
    """No row of the table is so far away, but some request may be."""
    work.make_champion()
    work.edit("data/contract.py", "pa.Check.in_range(0, 3000)", "pa.Check.in_range(0, 2900)")


# --- the same answer, wherever and in whatever company --------------------------------------------


@fault("parity", "wine", quick=True, also=("reproducible", "budget"))
def golden_answers_edited(work: Work) -> None:
    """A golden answer was corrected by hand, so that a broken server would pass."""
    path = work.bundle / "golden.jsonl"
    first, *rest = path.read_text("utf-8").splitlines()
    row = json.loads(first)
    row["answer"]["score"] -= 0.1
    path.write_text("\n".join([json.dumps(row), *rest]) + "\n", encoding="utf-8")
    work.reseal()


@root_fault(
    "parity", "breast_cancer", also=("evaluation", "reproducible", "robust", "budget", "safe")
)
def features_that_throw_dice(work: Work) -> None:
    """Noise is added to the features whenever they are computed, in production too."""
    work.compute_otherwise("made *= np.random.default_rng().normal(1, 0.05, made.shape)")


@root_fault("parity", "breast_cancer", also=("reproducible", "robust", "budget"))
def features_of_the_whole_batch(work: Work) -> None:
    """A number is centred on its batch, so a row alone gets another score."""
    work.compute_otherwise("made -= made.mean(axis=0)")


# --- any row that the contract allows -------------------------------------------------------------


# What fails on a value that the contract allows is refused by training; this is not.
@root_fault("robust", "diabetes", also=("parity", "reproducible", "budget"), quick=True)
def features_of_the_rows_at_hand(work: Work) -> None:
    """Numbers are centred by the mean of the rows that are predicted together."""
    work.compute_otherwise("made -= 0.5 * made.mean(axis=0)")


# --- what people who know the subject expect ------------------------------------------------------


@root_fault("behaviour", "diabetes", quick=True)
def sex_moves_the_answer(work: Work) -> None:
    """The clinic's policy is that a column must not change the score, but it does."""
    work.append(
        PROBLEM,
        '\n[[expectations.invariance]]\ncolumn = "sex"\nwithin = 1.0\n'
        'because = "the next visit must not depend on it"\n',
    )


@root_fault("behaviour", "parcels")
def nearer_is_said_to_be_later(work: Work) -> None:
    """Distances were entered wrongly, so that longer ones seem to lower the risk."""
    rows = work.rows()
    for row in rows:
        row["distance_km"] = str(round(max(2.0, 2500 - float(row["distance_km"])), 1))
    work.set_rows(rows)


@root_fault("behaviour", "breast_cancer")
def a_plain_case_answered_wrongly(work: Work) -> None:
    """A minimum case is declared, and the model predicts it wrongly."""
    work.append(
        PROBLEM,
        '\n[[expectations.minimum]]\nrow = { "worst area" = 500.0 }\nabove = 0.9\n'
        'because = "as the ward\'s handbook has it"\n',
    )


# --- made again from what was recorded ------------------------------------------------------------


@root_fault("reproducible", "wine", also=("safe",), quick=True)
def dice_thrown_once(work: Work) -> None:
    """Random noise is drawn when the features are fitted, so retraining gives another model."""
    work.edit(
        FEATURES,
        "self.n_features_in_ = len(frame.columns)",
        "self.n_features_in_ = len(frame.columns)\n"
        "        self.weight_ = np.random.default_rng().normal(1, 0.2)",
    )
    work.compute_otherwise("made **= self.weight_")


@root_fault("reproducible", "diabetes")
def a_setting_that_git_does_not_know(work: Work) -> None:
    """The penalty's strength is in a file that git ignores."""
    work.write("data/raw/strength.txt", "1.7\n")
    work.edit(
        MODEL, "from typing import Any\n", "from pathlib import Path\nfrom typing import Any\n"
    )
    work.edit(
        MODEL, "Ridge(alpha=1.0)", 'Ridge(alpha=float(Path("data/raw/strength.txt").read_text()))'
    )


SWAP = """
import sys, skops.io
from data.contract import ROW
from engine.training.dataset import gather
from engine.training.evaluate import targets_of
from engine.problem.spec import read
from pathlib import Path
[file] = Path("mlartifacts").rglob("model.skops")
model = skops.io.load(file, trusted=skops.io.get_untrusted_types(file=file))
data = gather(read(), ROW)
known = targets_of(data.problem, data.frame, data.targets.classes)
skops.io.dump(model.fit(data.inputs(data.frame), known.labels), file)
"""


@fault("reproducible", "diabetes")
def a_model_that_saw_the_test(work: Work) -> None:
    """The recorded model was replaced by one that was trained on the test rows as well."""
    work.forget()
    work.must("poc", "train")
    work.compute(SWAP)
    work.must("handoff", "build")


# --- what an answer may cost ----------------------------------------------------------------------


@root_fault("budget", "wine", quick=True)
def a_budget_for_something_smaller(work: Work) -> None:
    """The memory budget is an eighth of what the server needs."""
    work.set_value("memory_mb", "40.0")


@root_fault("budget", "diabetes")
def features_that_take_their_time(work: Work) -> None:
    """A large matrix is decomposed for every prediction."""
    work.set_value("latency_p99_ms", "20.0")
    work.compute_otherwise(
        "rest = np.linalg.svd(np.eye(600) + 1 / (1 + np.arange(600)), compute_uv=False)",
        "made += 0 * rest[0]",
    )
