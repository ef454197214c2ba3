"""Columns that give the outcome away, each by a mechanism that people meet in their own tables."""

import math
from random import Random

from tests.mutations.catalogue import leaking_column, root_fault
from tests.mutations.tables import Row
from tests.mutations.work import PROBLEM, Work

# --- the target once more -------------------------------------------------------------------------


@leaking_column("wine", "str", quick=True)
def label_on_the_bottle(row: Row) -> str:
    """A joined code list re-encodes the target."""
    return {"class_0": "red", "class_1": "green", "class_2": "blue"}[row["target"]]


@root_fault("leakage", "breast_cancer")
def copied_with_typing_errors(work: Work) -> None:
    """A copy of the outcome with typing errors in 1 % of the rows."""
    rng = Random(1)
    flipped = {"malignant": "no", "benign": "yes"}, {"malignant": "yes", "benign": "no"}
    values = [flipped[rng.random() >= 0.01][row["target"]] for row in work.rows()]
    work.add("operated", "str", values)


@root_fault("leakage", "titanic")
def outcome_in_another_language(work: Work) -> None:
    """A column known after the outcome that nobody declared: titanic's own `alive`."""
    work.edit(PROBLEM, 'alive = "known with the outcome"\n', "")


@root_fault("leakage", "breast_cancer")
def result_that_is_missing_where_all_is_well(work: Work) -> None:
    """Missing values give the outcome: a second reading exists only for malignant masses."""
    rng = Random(2)
    readings = [
        f"{rng.gauss(30, 8):.1f}" if row["target"] == "malignant" else None for row in work.rows()
    ]
    work.add("second_reading", "float", readings, nullable=True)


# --- a transform of it ----------------------------------------------------------------------------


@leaking_column("diabetes")
def logarithm_of_the_outcome(row: Row) -> float:
    """A transform of the target from a feature store."""
    return round(math.log(float(row["target"])), 6)


@root_fault("leakage", "diabetes")
def place_in_the_ranking(work: Work) -> None:
    """The rank of the target: a league table of last year."""
    outcomes = sorted(float(row["target"]) for row in work.rows())
    work.derive("place", "float", lambda row: outcomes.index(float(row["target"])))


@leaking_column("diabetes", "str")
def band_of_the_outcome(row: Row) -> str:
    """The target cut into five bands, as a report shows it."""
    return "ABCDE"[min(4, int((float(row["target"]) - 25) // 65))]


@root_fault("leakage", "breast_cancer")
def number_given_after_the_result(work: Work) -> None:
    """An identifier that orders the outcome: files were numbered ward by ward."""
    rows = work.rows()
    order = sorted(range(len(rows)), key=lambda at: rows[at]["target"])
    numbers = {at: 10_000 + 3 * place for place, at in enumerate(order)}
    work.add("file_number", "int", [numbers[at] for at in range(len(rows))])


# --- arithmetic of a few columns ------------------------------------------------------------------


@root_fault("leakage", "bikes")
def two_terms_of_the_total(work: Work) -> None:
    """The target is the sum of two columns: bikes' own casual and registered riders."""
    for name in ("casual", "registered"):
        work.edit(PROBLEM, f'{name} = "known with the outcome"\n', "")


@root_fault("leakage", "diabetes")
def three_terms_of_the_total(work: Work) -> None:
    """The target is the sum of three columns; each is only weakly associated with it."""
    _terms_of_the_total(work, 3)


@root_fault("leakage", "diabetes")
def four_terms_of_the_total(work: Work) -> None:
    """The target is the sum of four columns."""
    _terms_of_the_total(work, 4)


def _terms_of_the_total(work: Work, terms: int) -> None:
    rng = Random(terms)
    outcomes = [float(row["target"]) for row in work.rows()]
    others = [[round(rng.gauss(60, 40), 1) for _ in outcomes] for _ in range(terms - 1)]
    last = [
        round(total - sum(others_of_row), 1)
        for total, *others_of_row in zip(outcomes, *others, strict=True)
    ]
    for number, values in enumerate([*others, last], start=1):
        work.add(f"part_{number}", "float", values)


@root_fault("leakage", "diabetes")
def clock_before_and_after(work: Work) -> None:
    """The target is the difference of two clocks, in seconds since 1970."""
    rng = Random(3)
    starts = [1_700_000_000 + rng.randrange(10**7) for _ in work.rows()]
    ends = [
        start + 86_400 * float(row["target"])
        for start, row in zip(starts, work.rows(), strict=True)
    ]
    work.add("opened_at", "int", starts)
    work.add("closed_at", "float", ends)


@root_fault("leakage", "diabetes")
def sum_and_number(work: Work) -> None:
    """The target is a ratio: a sum and the number of things it was summed over."""
    rng = Random(4)
    visits = [rng.randint(2, 30) for _ in work.rows()]
    sums = [number * float(row["target"]) for number, row in zip(visits, work.rows(), strict=True)]
    work.add("visits", "int", visits)
    work.add("points", "float", sums)


@root_fault("leakage", "diabetes")
def net_and_a_few_fixed_extras(work: Work) -> None:
    """The target is a column and one of a few fixed extras, such as a fee by kind of contract."""
    rng = Random(5)
    extras = [rng.choice([0, 15, 40]) for _ in work.rows()]
    nets = [float(row["target"]) - extra for extra, row in zip(extras, work.rows(), strict=True)]
    work.add("net", "float", nets)


# --- two columns compared -------------------------------------------------------------------------


@root_fault("leakage", "parcels", also=("behaviour",))
def days_against_promised_days(work: Work) -> None:
    """The target is whether one column is more than another: parcels' own days until arrival."""
    work.edit(PROBLEM, 'delivery_days = "when the parcel has arrived"\n', "")


@root_fault("leakage", "breast_cancer")
def later_than_due_by_a_grace(work: Work) -> None:
    """The target is whether one column is more than another and three days of grace."""
    rng = Random(6)
    due = [rng.randint(5, 60) for _ in work.rows()]
    came = [
        day + (rng.randint(4, 30) if row["target"] == "malignant" else rng.randint(-20, 3))
        for day, row in zip(due, work.rows(), strict=True)
    ]
    work.add("due_day", "int", due)
    work.add("came_on_day", "int", came)


@root_fault("leakage", "breast_cancer")
def two_flags_that_differ(work: Work) -> None:
    """The target is whether two flags differ; each alone is not associated with it."""
    rng = Random(7)
    first = [rng.random() < 0.5 for _ in work.rows()]
    second = [
        flag != (row["target"] == "malignant") for flag, row in zip(first, work.rows(), strict=True)
    ]
    work.add("seen_before", "bool", first)
    work.add("seen_after", "bool", second)


# --- known too late -------------------------------------------------------------------------------


@root_fault("leakage", "parcels", also=("behaviour",))
def hours_on_the_way(work: Work) -> None:
    """A column that is declared as known after the outcome, re-coded: days as hours."""
    work.derive("hours", "float", lambda row: 24.0 * float(row["delivery_days"]))


@root_fault("leakage", "titanic")
def share_of_each_group_that_survived(work: Work) -> None:
    """Target statistics computed before the split: the mean outcome of each fare."""
    of_fare: dict[str, list[int]] = {}
    for row in work.rows():
        of_fare.setdefault(row["fare"], []).append(int(row["survived"]))
    work.derive(
        "usual_outcome", "float", lambda row: sum(of_fare[row["fare"]]) / len(of_fare[row["fare"]])
    )
