"""How a table writes that a value is missing."""

from tests.robustness.catalogue import case
from tests.robustness.project import Project

KIND = "Words for missing"


@case(KIND)
def plus_minus(project: Project) -> None:
    """The value '-' is a class beside '+', not a missing value."""
    project.handed("plus_minus")
    assert project.adopt("crx.csv", "class").exit_code == 0
    facts = project.facts()
    assert (facts["task"], facts["distinct"]["class"]) == ("binary", 2)


@case(KIND)
def mysql_null(project: Project) -> None:
    r"""With `--missing '\N'` that word is missing in all columns, and the others are numbers."""
    project.handed("mysql_null")
    done = project.adopt("titles.tsv", "hit")
    assert "--missing" in done.words
    assert project.adopt("titles.tsv", "hit", "--missing", r"\N", "--force").exit_code == 0
    facts = project.facts()
    assert facts["types"]["startYear"].startswith(("int", "Int", "float"))
    assert facts["types"]["runtimeMinutes"].startswith(("int", "Int", "float"))
    assert facts["missing"]["startYear"] > 0


@case(KIND)
def apostrophe_guard(project: Project) -> None:
    """An apostrophe before a number, which a spreadsheet adds, is not part of it."""
    project.handed("apostrophe_guard")
    assert project.adopt("grid.csv", "late").exit_code == 0
    facts = project.facts()
    assert facts["types"]["delta"] == "float64"
    assert float(facts["lowest"]["delta"]) < 0


@case(KIND)
def bounds(project: Project) -> None:
    """A bound such as '<10' among numbers is named, with the option that reads it as missing."""
    rows = "".join(f"{'<10' if n % 9 == 0 else n % 50 + 10},{n % 2}\n" for n in range(400))
    project.write("t.csv", f"cases,late\n{rows}")
    assert "--missing '<10'" in project.adopt("t.csv", "late").words
    assert project.adopt("t.csv", "late", "--missing", "<10", "--force").exit_code == 0
    assert project.facts()["missing"]["cases"] == 45


@case(KIND)
def far_marker(project: Project) -> None:
    """A repeated -999 far from all other numbers is named, with the option that reads it."""
    rows = "".join(f"{-999 if n % 9 == 0 else n % 61},{n % 2}\n" for n in range(400))
    project.write("t.csv", f"cases,late\n{rows}")
    assert "--missing=-999" in project.adopt("t.csv", "late").words
    assert project.adopt("t.csv", "late", "--missing=-999", "--force").exit_code == 0
    assert project.facts()["missing"]["cases"] == 45
