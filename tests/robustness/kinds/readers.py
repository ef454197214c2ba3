"""Readers that lose or change values."""

from tests.robustness.catalogue import case
from tests.robustness.project import Project

KIND = "Values that a reader loses or changes"


@case(KIND)
def decimal38(project: Project) -> None:
    """Whole decimals of 38 digits stay whole, and different ids stay different."""
    project.handed("decimal38")
    assert project.adopt("orders.parquet", "IS_LATE", "--id", "ORDER_ID").exit_code == 0
    facts = project.facts()
    assert facts["types"]["ITEMS"] == facts["types"]["REGION_ID"] == "int64"
    assert facts["distinct"]["ORDER_ID"] == facts["rows"] == 700
