"""One table in several containers."""

from tests.robustness.catalogue import case
from tests.robustness.project import Project

KIND = "One table, one meaning, whatever the container"


@case(KIND)
def parquet_blanks(project: Project) -> None:
    """Texts of Parquet are trimmed and blank ones are missing, as in CSV."""
    project.handed("parquet_blanks")
    assert project.adopt("churn.csv", "Churn").exit_code == 0
    text = project.facts()
    assert project.adopt("churn.parquet", "Churn", "--force").exit_code == 0
    parquet = project.facts()
    same = ("task", "inputs", "types", "rows", "distinct", "missing", "lowest", "highest")
    assert {name: parquet[name] for name in same} == {name: text[name] for name in same}
