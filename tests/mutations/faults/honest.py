"""Results that are not what they look like. (Leaks have a module of their own.)"""

import itertools
from random import Random
from typing import Any

from tests.mutations import tables
from tests.mutations.catalogue import fault, root_fault
from tests.mutations.tables import made
from tests.mutations.work import PROBLEM, Work

SPLIT = "engine/data/split.py"
BY_GROUP = "train, test = next(_at_random(problem, frame, seed))"
AT_RANDOM = (
    "mixed = np.random.default_rng(seed).permutation(len(frame))\n"
    "        train, test = np.sort(mixed[len(frame) // 5 :]), np.sort(mixed[: len(frame) // 5])"
)

# --- what the bundle says of itself ---------------------------------------------------------------


@fault("evaluation", "wine", quick=True)
def a_prettier_score(work: Work) -> None:
    """A better score was written into evaluation.json, and the manifest was updated."""
    work.lie_in_json("evaluation.json", lambda document: document["candidate"].update(value=0.999))


@fault("evaluation", "parcels")
def a_group_less(work: Work) -> None:
    """The group with the worst score was removed from evaluation.json."""

    def hide_the_worst(document: dict[str, Any]) -> None:
        worst = min(document["slices"], key=lambda part: part["metric"])
        document["slices"].remove(worst)

    work.lie_in_json("evaluation.json", hide_the_worst)


@fault("evaluation", "breast_cancer", also=("parity", "reproducible", "budget"))
def a_threshold_moved(work: Work) -> None:
    """The threshold was changed after the build, so golden rows get other decisions."""
    work.lie_in_json("evaluation.json", lambda document: document.update(threshold=0.99))


@fault("evaluation", "diabetes")
def a_use_more_on_the_card(work: Work) -> None:
    """A limit of use was removed from the model card."""
    work.lie("model_card.md", "Choosing or changing a treatment; ", "")


@fault("evaluation", "diabetes")
def a_reference_that_sees_nothing(work: Work) -> None:
    """The monitor's reference was widened, so that it never reports drift."""
    work.lie_in_json("reference.json", lambda document: document["features"][0].update(edges=[]))


# --- what was learned from is kept apart from what judges ----------------------------------------


@root_fault("split", "parcels")
def tomorrow_before_yesterday(work: Work) -> None:
    """Rows with a time were split at random: the model is trained on days after the test."""
    work.edit(
        SPLIT,
        "if problem.rows.time:\n        train, test = next(_by_time",
        "if problem.rows.time is None:\n        train, test = next(_by_time",
    )


@root_fault("split", "titanic")
def duplicates_on_both_sides(work: Work) -> None:
    """A plain random split: many of 119 repeated rows are in the training and the test set."""
    work.edit(SPLIT, BY_GROUP, AT_RANDOM)


@root_fault("split", "adopted", quick=True)
def customers_on_both_sides(work: Work) -> None:
    """A plain random split: rows of one customer are in the training and the test set."""
    bills = made(1200, 1, tables.accounts_of_customers)
    work.adopt_rows("bills", bills, "--target", "paid_late")
    work.edit(PROBLEM, "[rows]\n", '[rows]\nunit = "customer"\n')
    work.edit(SPLIT, BY_GROUP, AT_RANDOM)


# --- what is said comes true ----------------------------------------------------------------------


@root_fault("calibration", "parcels", quick=True)
def chances_of_another_season(work: Work) -> None:
    """In the latest weeks two of three delays are missing: predicted probabilities are too high."""
    rng = Random(1)
    rows = work.rows()[:8000]
    season = len(rows) * 4 // 5
    is_listed = [row["late"] == "False" or at < season or rng.random() > 0.67
            for at, row in enumerate(rows)]  # fmt: skip
    work.set_rows(list(itertools.compress(rows, is_listed)))
    work.set_value("minimum", "0.65")
    work.set_value("margin", "0.1")
