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
