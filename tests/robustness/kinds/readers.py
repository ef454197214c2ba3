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


def rows_of(word: str) -> str:
    """A small table whose column `colour` holds this word in each second row."""
    rows = [f"{at * 7 % 31},{word if at % 2 else 'blue'},{at % 3 % 2}" for at in range(120)]
    return "\n".join(["size,colour,late", *rows, ""])


@case(KIND)
def another_encoding(project: Project) -> None:
    """Cyrillic letters of Windows-1251 are not read as nonsense of Windows-1252."""
    project.write("t.csv", rows_of("красный").encode("cp1251"))
    done = project.adopt("t.csv", "late")
    assert (done.exit_code, done.error) == (2, "not-text")


@case(KIND)
def utf_16(project: Project) -> None:
    """A text in UTF-16, as spreadsheets save it, is read."""
    project.write("t.csv", rows_of("grün").encode("utf-16"))
    assert project.adopt("t.csv", "late").exit_code == 0
    assert project.facts()["highest"]["colour"] == "grün"


@case(KIND)
def zero_bytes(project: Project) -> None:
    """Zero bytes within a text are named with their place."""
    project.write("t.csv", rows_of("red\0"))
    done = project.adopt("t.csv", "late")
    assert (done.exit_code, done.error) == (2, "not-text")
    assert "near byte 31" in done.words


@case(KIND)
def mixed_line_ends(project: Project) -> None:
    """LF, CRLF and CR alone all end a row."""
    lines = rows_of("red").splitlines()
    ends = ["\n", "\r\n", "\r"]
    project.write("t.csv", "".join(line + ends[at % 3] for at, line in enumerate(lines)))
    assert project.adopt("t.csv", "late").exit_code == 0
    assert project.facts()["rows"] == 120


@case(KIND)
def inner_quote(project: Project) -> None:
    """A mark within a quoted cell, which readers drop, is refused with its line."""
    project.write("t.csv", rows_of('"5" pipe"'))
    done = project.adopt("t.csv", "late")
    assert (done.exit_code, done.error) == (2, "stray-quote")
    assert "line 3" in done.words


@case(KIND)
def invisible_marks(project: Project) -> None:
    """A second byte-order mark before the first name is no part of the name."""
    project.write("t.csv", "\ufeff\ufeff" + rows_of("red"))
    assert project.adopt("t.csv", "late").exit_code == 0
    assert project.facts()["inputs"] == ["size", "colour"]


@case(KIND)
def long_cell(project: Project) -> None:
    """One cell of 200,000 letters excludes its column, not the table."""
    project.write("t.csv", rows_of("red").replace("red", "r" * 200_000, 1))
    assert project.adopt("t.csv", "late").exit_code == 0
    assert project.facts()["inputs"] == ["size"]
