"""New deliveries of a table."""

from tests.robustness.catalogue import case
from tests.robustness.project import Project

KIND = "A delivery that is written otherwise"


@case(KIND)
def lost_zeros_delivery(project: Project) -> None:
    """A delivery without the leading zeros of codes is told from one that fits."""
    project.handed("lost_zeros_delivery")
    adopted, delivery = sorted(path.name for path in project.path.glob("*.csv"))[::-1]
    assert (adopted, delivery) == ("jan.csv", "feb.csv")
    assert project.adopt(adopted, "late").exit_code == 0
    done = project.run("data", "check", delivery)
    assert "zip" in done.words
    assert "leading zero" in done.words


@case(KIND)
def another_separator(project: Project) -> None:
    """A delivery that is parted by another sign is named as such."""
    rows = "".join(f"{at * 7 % 31},{at % 5},{'no' if at % 3 else 'yes'}\n" for at in range(120))
    project.write("jan.csv", f"n,m,late\n{rows}")
    project.write("feb.csv", f"n,m,late\n{rows}".replace(",", ";"))
    assert project.adopt("jan.csv", "late").exit_code == 0
    done = project.run("data", "check", "feb.csv")
    assert done.exit_code == 3
    assert "semicolons" in done.words
