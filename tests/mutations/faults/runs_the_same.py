"""Work that gives other answers in production, or nobody could make again."""

import json

from tests.mutations.catalogue import fault, root_fault
from tests.mutations.work import FEATURES, Work

# --- not made of what stands here -----------------------------------------------------------------


@fault("current", "wine", quick=True)
def problem_edited_after_training(work: Work) -> None:
    """The minimum was lowered once the result was known."""
    work.say("minimum", "0.5")


@fault("current", "diabetes")
def features_edited_after_training(work: Work) -> None:
    """The feature code is not the one that the model was trained with."""
    work.edit(FEATURES, "RARE_ROWS, MOST_COLUMNS = 10, 40", "RARE_ROWS, MOST_COLUMNS = 20, 40")


@fault("current", "titanic")
def rows_delivered_after_training(work: Work) -> None:
    """A new delivery of the table took the place of the one that the model learned from."""
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
    """The bundle's contract was made to take rows that training would have refused."""
    work.lie_in_json("contract.json", lambda said: said["inputs"][0].update(maximum=10**6))


@fault("contract", "parcels", also=("parity",))
def contract_that_forgot_a_rule(work: Work) -> None:
    """data/contract.py lost a range after training, so the two say different things."""
    work.edit("data/contract.py", "            pa.Check.in_range(0, 3000),\n", "")


# --- the same answer, wherever and in whatever company --------------------------------------------


@fault("parity", "diabetes", quick=True)
def golden_answers_edited(work: Work) -> None:
    """A golden answer was corrected by hand, so that a broken server would pass."""
    path = work.bundle / "golden.jsonl"
    first, *rest = path.read_text("utf-8").splitlines()
    row = json.loads(first)
    row["answer"]["score"] += 10.0
    path.write_text("\n".join([json.dumps(row), *rest]) + "\n", encoding="utf-8")
    work.reseal()


@root_fault("parity", "breast_cancer", also=("evaluation", "reproducible"))
def features_that_throw_dice(work: Work) -> None:
    """Noise is added to the features whenever they are worked out, in production too."""
    work.edit(
        FEATURES,
        "return np.where(self.empty_, 0.0, self._floats(frame))",
        "rng = np.random.default_rng()\n"
        "        return np.where(self.empty_, 0.0, self._floats(frame)) * "
        "rng.normal(1, 0.05, (len(frame), self.n_features_in_))",
    )


@root_fault("parity", "breast_cancer")
def features_of_the_whole_batch(work: Work) -> None:
    """A number is centred on the batch that it comes in: alone, every row is average."""
    work.edit(
        FEATURES,
        "return np.where(self.empty_, 0.0, self._floats(frame))",
        "floats = np.where(self.empty_, 0.0, self._floats(frame))\n"
        "        return floats - floats.mean(axis=0)",
    )
