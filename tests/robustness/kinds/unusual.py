"""Single columns that are unusual, and names that mislead."""

from tests.robustness.catalogue import case
from tests.robustness.project import Project

KIND = "One unusual column never refuses a table; names never overrule values"


@case(KIND)
def bracket_bands(project: Project) -> None:
    """'[18, 30]' of five values is a category."""
    project.handed("bracket_bands")
    assert project.adopt("people.csv", "late").exit_code == 0
    facts = project.facts()
    assert facts["types"]["age_band"].startswith("str")
    assert "age_band" in facts["inputs"]


@case(KIND)
def uuid_parquet(project: Project) -> None:
    """A UUID of Parquet is a text."""
    project.handed("uuid_parquet")
    assert project.adopt("orders.parquet", "late", "--id", "order_id").exit_code == 0
    facts = project.facts()
    assert facts["types"]["order_id"] == "str"
    assert facts["distinct"]["order_id"] == facts["rows"]


@case(KIND)
def count_named_number(project: Project) -> None:
    """A count whose name ends in 'number' or 'no' is an input."""
    project.handed("count_named_number")
    assert project.adopt("baskets.csv", "reordered").exit_code == 0
    assert {"order_number", "installment_no", "floor_no"} <= set(project.facts()["inputs"])


@case(KIND)
def wine_quality(project: Project) -> None:
    """A refusal for a rare class of a number offers regression."""
    project.handed("wine_quality")
    done = project.adopt("wine.csv", "quality")
    assert (done.exit_code, done.error) == (2, "rare-class")
    assert "--task regression" in done.words


@case(KIND)
def label_case(project: Project) -> None:
    """Classes that differ by case only are named."""
    project.handed("label_case")
    done = project.adopt("crm.csv", "status")
    assert done.exit_code == 0
    assert "'Churned'" in done.words
    assert "'churned'" in done.words


@case(KIND)
def telephone_numbers(project: Project) -> None:
    """Telephone numbers keep their plus: they are texts."""
    rows = "".join(f"+4930{1_000_000 + n % 40},{n % 7},{n % 2}\n" for n in range(400))
    project.write("t.csv", f"contact,size,late\n{rows}")
    assert project.adopt("t.csv", "late").exit_code == 0
    assert project.facts()["lowest"]["contact"] == "+49301000000"


@case(KIND)
def durations(project: Project) -> None:
    """Durations as 1:30:00 are excluded for that reason."""
    rows = "".join(f"{n % 23}:{n % 60:02}:30,{n % 7},{n % 2}\n" for n in range(400))
    project.write("t.csv", f"held,size,late\n{rows}")
    assert "times of day or durations" in project.adopt("t.csv", "late").words


@case(KIND)
def few_tolerances(project: Project) -> None:
    """Numbers with a tolerance are named, however few they are."""
    rows = "".join(f"{n % 40} ± 1,{n % 7},{n % 2}\n" for n in range(400))
    project.write("t.csv", f"width,size,late\n{rows}")
    assert "look like numbers" in project.adopt("t.csv", "late").words
