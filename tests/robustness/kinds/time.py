"""Times as tables write them."""

from tests.robustness.catalogue import case
from tests.robustness.project import Project

KIND = "Time in every usual form"


def _is_time(project: Project, column: str) -> bool:
    return bool(project.facts()["types"][column].startswith("datetime64"))


@case(KIND)
def month_year_time(project: Project) -> None:
    """'Jan-2012' is the first day of that month; without --time the split is not silent."""
    project.handed("month_year_time")
    assert "--time" in project.adopt("loans.csv", "loan_status").words
    assert project.adopt("loans.csv", "loan_status", "--time", "issue_d", "--force").exit_code == 0
    assert _is_time(project, "issue_d")
    assert project.facts()["lowest"]["issue_d"].startswith("20")


@case(KIND)
def year_month_iso_time(project: Project) -> None:
    """'2012-01' is a month in ISO 8601."""
    project.handed("year_month_iso_time")
    assert project.adopt("panel.csv", "late", "--time", "period").exit_code == 0
    assert project.facts()["lowest"]["period"].startswith("2012-01-01")


@case(KIND)
def epoch_time(project: Project) -> None:
    """Seconds since 1970 are recognised as time, and the message says how to use them."""
    project.handed("epoch_time")
    done = project.adopt("log.csv", "late")
    assert done.exit_code == 0
    assert "1970" in done.words
    assert "ts" not in project.facts()["inputs"]


@case(KIND)
def bigquery_utc(project: Project) -> None:
    """'UTC' behind a time is an offset of zero."""
    project.handed("bigquery_utc")
    done = project.adopt("rides.csv", "fare_amount", "--time", "pickup_datetime")
    assert done.exit_code == 0
    assert _is_time(project, "pickup_datetime")


@case(KIND)
def hour_24(project: Project) -> None:
    """'24:00' is 00:00 of the next day, as in ISO 8601."""
    project.handed("hour_24")
    assert project.adopt("air.csv", "no2", "--time", "time").exit_code == 0
    assert _is_time(project, "time")


@case(KIND)
def mixed_zone(project: Project) -> None:
    """Times with and without an offset in one column: their numbers are stated."""
    project.handed("mixed_zone")
    done = project.adopt("events.csv", "late", "--time", "at")
    assert done.exit_code == 0
    assert "350 of 700" in done.words


@case(KIND)
def both_orders(project: Project) -> None:
    """Dates of which some have the day first and some the month are refused with rows of each."""
    project.handed("both_orders")
    done = project.adopt("merged.csv", "late", "--time", "ordered")
    assert (done.exit_code, done.error) == (2, "mixed-date-orders")
    assert done.words.count("row ") >= 2


@case(KIND)
def time_only(project: Project) -> None:
    """Times of day and durations never stop a table: they are read, or excluded with a reason."""
    project.handed("time_only")
    assert project.adopt("trains.csv", "late").exit_code == 0
    facts = project.facts()
    assert {"dep", "held"} <= {*facts["inputs"], *facts["excluded"]}


@case(KIND)
def year_column(project: Project) -> None:
    """A column of years is offered as --time, and read as time with it."""
    rows = "".join(f"{2004 + n // 40},{n % 7},{n % 2}\n" for n in range(400))
    project.write("t.csv", f"season,size,late\n{rows}")
    assert "--time 'season'" in project.adopt("t.csv", "late").words
    assert project.adopt("t.csv", "late", "--time", "season", "--force").exit_code == 0
    assert project.facts()["lowest"]["season"].startswith("2004-01-01")


@case(KIND)
def spreadsheet_days(project: Project) -> None:
    """Days as a spreadsheet counts them are offered as --time, and read as time with it."""
    rows = "".join(f"{43500 + n * 13 % 900},{n % 7},{n % 2}\n" for n in range(400))
    project.write("t.csv", f"order_date,size,late\n{rows}")
    assert "--time 'order_date'" in project.adopt("t.csv", "late").words
    assert "order_date" not in project.facts()["inputs"]
    assert project.adopt("t.csv", "late", "--time", "order_date", "--force").exit_code == 0
    assert project.facts()["lowest"]["order_date"].startswith("2019-02-04")


@case(KIND)
def quarters(project: Project) -> None:
    """'1Q2013' is the first day of that quarter."""
    rows = "".join(f"{n // 20 % 4 + 1}Q{2013 + n // 80},{n % 7},{n % 2}\n" for n in range(400))
    project.write("t.csv", f"period,size,late\n{rows}")
    assert project.adopt("t.csv", "late", "--time", "period").exit_code == 0
    assert project.facts()["lowest"]["period"].startswith("2013-01-01")


@case(KIND)
def foreign_months(project: Project) -> None:
    """Months in another language are hinted at; no random split comes without a word."""
    months = ("Januar", "Februar", "März", "Mai", "Oktober", "Dezember")
    rows = "".join(f"{n % 28 + 1}. {months[n % 6]} 2021,{n % 7},{n % 2}\n" for n in range(400))
    project.write("t.csv", f"day,size,late\n{rows}")
    assert "--time" in project.adopt("t.csv", "late").words


@case(KIND)
def second_60(project: Project) -> None:
    """A second 60, which the server cannot read, is refused with its row."""
    cells = [f"2021-03-{n % 28 + 1:02} 10:00:{n % 60:02}" for n in range(400)]
    cells[7] = "2021-03-08 10:00:60"
    rows = "".join(f"{cell},{n % 7},{n % 2}\n" for n, cell in enumerate(cells))
    project.write("t.csv", f"at,size,late\n{rows}")
    done = project.adopt("t.csv", "late", "--time", "at")
    assert (done.exit_code, done.error) == (2, "not-a-date")
    assert "row 8" in done.words
