"""Columns that give the target away by a mechanism."""

from tests.robustness.catalogue import case
from tests.robustness.project import Project

KIND = "Columns that give the target away"


@case(KIND)
def equal_words(project: Project) -> None:
    """Two columns that are equal exactly where the target is negative are a leak."""
    project.handed("equal_words")
    assert project.adopt("rooms.csv", "moved").exit_code == 0
    assert project.facts()["leaks"] == [["assigned", "reserved"]]


@case(KIND)
def patient_id_ranges(project: Project) -> None:
    """An id whose ranges each hold one class is a leak."""
    project.handed("patient_id_ranges")
    assert project.adopt("kdd.csv", "malignant").exit_code == 0
    assert project.facts()["leaks"] == [["chart"]]


@case(KIND)
def flights_sum(project: Project) -> None:
    """A threshold on a sum of five columns that decides the target is a leak."""
    project.handed("flights_sum")
    assert project.adopt("ontime.csv", "ARR_DEL15", "--time", "FL_DATE").exit_code == 0
    [leak] = project.facts()["leaks"]
    assert set(leak) == {"DEP_DELAY", "TAXI_OUT", "AIR_TIME", "TAXI_IN", "CRS_ELAPSED_TIME"}
