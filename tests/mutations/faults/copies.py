"""Copies of the outcome that are blank, a little off, one of two, or part of a statistic."""

from random import Random

from tests.mutations.catalogue import leaking_column, root_fault
from tests.mutations.tables import Row
from tests.mutations.work import Work


@root_fault("leakage", "breast_cancer")
def copied_for_those_who_came_back(work: Work) -> None:
    """A copy of the outcome, missing in 60 % of the rows: those without a second visit."""
    rng = Random(8)
    work.add(
        "second_visit",
        "str",
        [row["target"][:3] if rng.random() > 0.6 else None for row in work.rows()],
        nullable=True,
    )


@root_fault("leakage", "diabetes")
def bands_for_some(work: Work) -> None:
    """The outcome in four bands, computed for half of the rows only."""
    rng = Random(9)
    work.add(
        "band",
        "str",
        [
            "ABCD"[min(3, int((float(row["target"]) - 25) // 80))] if rng.random() > 0.5 else None
            for row in work.rows()
        ],
        nullable=True,
    )


@leaking_column("diabetes")
def weighed_again(row: Row) -> float:
    """A copy of the outcome with 0.5 % noise."""
    return round(float(row["target"]) * Random(row["target"] + row["bmi"]).gauss(1, 0.005), 3)


@root_fault("leakage", "diabetes")
def better_of_two_attempts(work: Work) -> None:
    """The outcome is the maximum of two columns; each equals it in half of the rows."""
    rng = Random(10)
    first, second = [], []
    for row in work.rows():
        pair = [float(row["target"]), round(float(row["target"]) - rng.expovariate(0.05), 1)]
        rng.shuffle(pair)
        first.append(pair[0])
        second.append(pair[1])
    work.add("first_attempt", "float", first)
    work.add("second_attempt", "float", second)


@root_fault("leakage", "parcels", also=("behaviour",))
def share_of_the_customers_other_parcels(work: Work) -> None:
    """The mean outcome of the customer's other parcels, which reveals the row's own."""
    groups: dict[str, list[bool]] = {}
    for row in work.rows():
        groups.setdefault(row["customer_id"], []).append(row["late"] == "True")

    def of_others(row: Row) -> float:
        group = groups[row["customer_id"]]
        return (sum(group) - (row["late"] == "True")) / max(len(group) - 1, 1)

    work.derive("usually_late", "float", of_others)


@root_fault("leakage", "breast_cancer")
def cases_so_far(work: Work) -> None:
    """A running count of malignant masses that includes the row itself."""
    count, counts = 0, []
    for row in work.rows():
        count += row["target"] == "malignant"
        counts.append(count)
    work.add("cases_so_far", "int", counts)
