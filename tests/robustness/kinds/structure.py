"""Files whose structure is at fault."""

import gzip

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


@case(KIND)
def json_as_csv(project: Project) -> None:
    """Records of JSON under the name of a text file are called JSON."""
    project.write("rows.csv", '[{"late": "yes", "n": 1}, {"late": "no", "n": 2}]\n')
    done = project.adopt("rows.csv", "late")
    assert (done.exit_code, done.error) == (2, "json-file")


@case(KIND)
def colons(project: Project) -> None:
    """Cells that two colons part are named, with the edit that helps."""
    project.write("rows.csv", "n::late\n" + "1::yes\n2::no\n" * 40)
    done = project.adopt("rows.csv", "late")
    assert (done.exit_code, done.error) == (2, "unknown-separator")
    assert "sed" in done.words


@case(KIND)
def row_names(project: Project) -> None:
    """Rows that begin with a name of their own, which the header lacks, are named as such."""
    rows = "".join(f'"{at}",{at % 7},"yes"\n' for at in range(80))
    project.write("rows.csv", f'"n","late"\n{rows}')
    done = project.adopt("rows.csv", "late")
    assert (done.exit_code, done.error) == (2, "missing-name")


@case(KIND)
def quoted_lines(project: Project) -> None:
    """Lines that are in quotation marks as a whole are named as such."""
    project.write("rows.csv", '"n,late"\n' + '"1,yes"\n"2,no"\n' * 40)
    done = project.adopt("rows.csv", "late")
    assert (done.exit_code, done.error) == (2, "quoted-lines")


def refused(project: Project, text: str | bytes, code: str, name: str = "rows.csv") -> None:
    """Adopting a file with this content is refused with this code."""
    project.write(name, text)
    done = project.adopt(name, "late")
    assert (done.exit_code, done.error) == (2, code)


@case(KIND)
def spaces_before_quotes(project: Project) -> None:
    """Spaces before quotation marks, which then enclose nothing, are named."""
    refused(project, "n, late\n" + '1, "yes, late"\n2, "no"\n' * 40, "spaced-quotes")


@case(KIND)
def fixed_width(project: Project) -> None:
    """Columns of fixed width are named as such, also with blanks within cells."""
    refused(project, "n   colour of   late\n" + "1   dark red    yes\n22  blue        no\n" * 40,
            "unknown-separator")  # fmt: skip


@case(KIND)
def any_separator(project: Project) -> None:
    """Whatever other sign separates cells, it is named."""
    for sign in "/&~\uff0c":
        rows = f"n{sign}late\n" + f"1{sign}yes\n2{sign}no\n" * 40
        refused(project, rows, "unknown-separator")


@case(KIND)
def packed(project: Project) -> None:
    """A packed table under the name of a text file is called an archive."""
    refused(project, gzip.compress(b"n,late\n1,yes\n"), "compressed-file")


@case(KIND)
def pointer(project: Project) -> None:
    """A file that only points to the table is named, under any name."""
    for name in ("rows.csv", "rows.parquet"):
        pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
        refused(project, pointer, "pointer-file", name)


@case(KIND)
def text_as_parquet(project: Project) -> None:
    """A web page or a text under the name of a Parquet file is distinguished from a damaged one."""
    refused(project, "<html><body>Sign in</body></html>", "web-page", "rows.parquet")
    refused(project, "n,late\n1,yes\n", "unreadable-file", "rows.parquet")


@case(KIND)
def lines_of_lists(project: Project) -> None:
    """A list of JSON in each line is called JSON."""
    refused(project, '[1, "yes"]\n[2, "no"]\n' * 40, "json-file")


@case(KIND)
def error_as_text(project: Project) -> None:
    """A message of a server in the place of the table is shown."""
    refused(project, "404: Not Found\n", "empty-table")
    assert "404" in project.adopt("rows.csv", "late").words
