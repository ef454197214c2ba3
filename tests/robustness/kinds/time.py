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
