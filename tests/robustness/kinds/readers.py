"""Readers that lose or change values."""

from tests.robustness.catalogue import case
from tests.robustness.project import Project

KIND = "Values that a reader loses or changes"


@case(KIND)
def stray_quote(project: Project) -> None:
    """A quotation mark inside a cell is refused with its line; no rows are lost without a word."""
    project.handed("stray_quote")
    done = project.adopt("tickets.tsv", "late", "--id", "ticket")
    assert (done.exit_code, done.error) == (2, "stray-quote")
    assert "line 122" in done.words


@case(KIND)
def int96_sentinel(project: Project) -> None:
    """A time in the year 9999 stays there, whatever the unit of the file's times."""
    project.handed("int96_sentinel")
    assert project.adopt("policies.parquet", "late", "--time", "valid_from").exit_code == 0
    facts = project.facts()
    assert facts["highest"]["valid_to"].startswith("9999-12-31")
    assert facts["lowest"]["valid_to"] > "2000"


@case(KIND)
def decimal38(project: Project) -> None:
    """Whole decimals of 38 digits stay whole, and different ids stay different."""
    project.handed("decimal38")
    assert project.adopt("orders.parquet", "IS_LATE", "--id", "ORDER_ID").exit_code == 0
    facts = project.facts()
    assert facts["types"]["ITEMS"] == facts["types"]["REGION_ID"] == "int64"
    assert facts["distinct"]["ORDER_ID"] == facts["rows"] == 700


@case(KIND)
def decimal38_unit(project: Project) -> None:
    """Different customers of 17 digits stay different, so the split keeps each on one side."""
    project.handed("decimal38_unit")
    assert project.adopt("games.parquet", "LATE").exit_code == 0
    assert project.facts()["distinct"]["STEAM_ID"] == 120


@case(KIND)
def uint64_id(project: Project) -> None:
    """Whole numbers beyond 2^53 stay different."""
    project.handed("uint64_id")
    assert project.adopt("events.parquet", "late", "--id", "event_id").exit_code == 0
    assert project.facts()["distinct"]["event_id"] == 700


@case(KIND)
def versions(project: Project) -> None:
    """The versions 1.1 and 1.10 are two categories, not one number."""
    project.handed("versions")
    assert project.adopt("devices.csv", "late").exit_code == 0
    facts = project.facts()
    assert facts["types"]["firmware"] == facts["types"]["icd"] == "str"


@case(KIND)
def two_digit_birth(project: Project) -> None:
    """Nobody in a table of loans is born in 2068, and the chosen century is stated."""
    project.handed("two_digit_birth")
    done = project.adopt("vehicle.csv", "loan_default", "--time", "DisbursalDate")
    assert done.exit_code == 0
    assert "century" in done.words
    assert project.facts()["highest"]["Date.of.Birth"] < "2020"


@case(KIND)
def huge_ints(project: Project) -> None:
    """A range beyond 64 bits is not guessed: such a table trains and its bundle is built."""
    project.handed("huge_ints")
    assert project.adopt("devices.csv", "late").exit_code == 0
    assert project.run("poc", "train").exit_code == 0
    built = project.run("handoff", "build")
    assert (built.exit_code, "Traceback" in built.output) == (0, False)


@case(KIND)
def unclosed_quote(project: Project) -> None:
    """A quotation mark that nothing closes is refused with its line."""
    rows = [f"{at},note {at},{at * 1.5},{at % 2}" for at in range(300)]
    rows[40] = rows[40].replace("note", '"note')
    project.write("t.csv", "\n".join(["nr,note,amount,late", *rows, ""]))
    done = project.adopt("t.csv", "late", "--id", "nr")
    assert (done.exit_code, done.error) == (2, "stray-quote")
    assert "line 42" in done.words


@case(KIND)
def letters_of_several_lines(project: Project) -> None:
    """Honest cells with line breaks and commas are read, and the rows are counted twice."""
    rows = [f'{at % 7},"Hello, {at}\nyours, X, Y, Z",{at % 2}' for at in range(300)]
    project.write("t.csv", "\n".join(["size,letter,late", *rows, ""]))
    done = project.adopt("t.csv", "late")
    assert done.exit_code == 0
    assert "600 lines below the header hold 300 rows" in done.words


@case(KIND)
def long_ids_with_a_point(project: Project) -> None:
    """Ids of 17 digits that a program wrote with '.0' stay different."""
    rows = [f"{76561198000000000 + at}.0,{at % 5},{at % 2}" for at in range(300)]
    project.write("t.csv", "\n".join(["steam,size,late", *rows, ""]))
    assert project.adopt("t.csv", "late", "--id", "steam").exit_code == 0
    assert project.facts()["distinct"]["steam"] == 300
