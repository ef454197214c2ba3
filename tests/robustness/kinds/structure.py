"""Files whose structure is at fault."""

from tests.robustness.catalogue import case
from tests.robustness.project import Project

KIND = "Faults of structure, named as such"


@case(KIND)
def repeated_header(project: Project) -> None:
    """Rows that repeat the header are named."""
    project.handed("repeated_header")
    done = project.adopt("all_months.csv", "late")
    assert (done.exit_code, done.error) == (2, "repeated-header")
    assert "201" in done.words
    assert "402" in done.words


@case(KIND)
def units_row(project: Project) -> None:
    """A row of units below the header is named."""
    project.handed("units_row")
    done = project.adopt("station.csv", "load")
    assert (done.exit_code, done.error) == (2, "units-row")


@case(KIND)
def trailing_comma(project: Project) -> None:
    """A separator at the end of every row, which the header lacks, is named as such."""
    project.handed("trailing_comma")
    done = project.adopt("vendor.csv", "late")
    assert (done.exit_code, done.error) == (2, "trailing-separator")


@case(KIND)
def year_names(project: Project) -> None:
    """Names that are years are the header."""
    project.handed("year_names")
    assert project.adopt("gdp.csv", "2023").exit_code == 0
    assert "2014" in project.facts()["inputs"]


@case(KIND)
def html_as_csv(project: Project) -> None:
    """A web page is called a web page."""
    project.handed("html_as_csv")
    done = project.adopt("report.csv", "late")
    assert (done.exit_code, done.error) == (2, "web-page")


@case(KIND)
def backslash_quote(project: Project) -> None:
    """Quotation marks that are escaped by backslashes are named as such."""
    project.handed("backslash_quote")
    done = project.adopt("calls.csv", "late")
    assert (done.exit_code, done.error) == (2, "backslash-quotes")
