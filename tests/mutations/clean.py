"""Honest work, however strong, strange or small, that the gate must let pass untouched."""

from pathlib import Path

from tests.mutations import tables
from tests.mutations.catalogue import clean
from tests.mutations.tables import made
from tests.mutations.work import PROBLEM, TABLE, Work

PARCELS = (
    "import sys; from engine.data.simulator import simulate; "
    "simulate(int(sys.argv[1]), int(sys.argv[2])).to_csv(sys.argv[3], index=False)"
)
BUNDLED = (
    "import sys; from sklearn import datasets; "
    "getattr(datasets, f'load_{sys.argv[1]}')(as_frame=True).frame.to_csv(sys.argv[2], index=False)"
)

# --- data sets as they are ------------------------------------------------------------------------


@clean("parcels", trained=True)
def parcels(work: Work) -> None:
    """Rendered with the template: two classes, time, customers, expectations."""


@clean("breast_cancer", trained=True)
def breast_cancer(work: Work) -> None:
    """Rendered with the template: honest features that are nearly perfect."""


@clean("wine", trained=True, quick=True)
def wine(work: Work) -> None:
    """Rendered with the template: three classes, 178 rows, perfect on most splits."""


@clean("diabetes", trained=True)
def diabetes(work: Work) -> None:
    """Rendered with the template: a number that is hard to predict."""


@clean("titanic", trained=True)
def titanic_mended(work: Work) -> None:
    """Adopted, with the line that the gate required: categories, missing values, repeated rows."""


@clean("bikes", trained=True)
def bikes_mended(work: Work) -> None:
    """Adopted, with the two lines that the gate required; a year with real drift."""


@clean("diabetes")
def an_input_dropped_with_notice(work: Work) -> None:
    """Clients of the champion may send the input until a day, and the server ignores it."""
    work.make_champion()
    work.edit(PROBLEM, "[columns.excluded]\n", '[columns.excluded]\ns1 = "no longer delivered"\n')
    work.append(PROBLEM, "\n[compatibility.dropped]\ns1 = 2199-12-31\n")
    work.train_and_build()


# --- the same again, otherwise --------------------------------------------------------------------


@clean("parcels")
def parcels_of_another_year(work: Work) -> None:
    """Other orders of the same shop."""
    work.compute(PARCELS, "12000", "11", TABLE)
    work.set_rows(work.rows())
    work.train_and_build()


@clean("parcels")
def few_parcels(work: Work) -> None:
    """A quarter of the orders: wider intervals, and small groups."""
    work.compute(PARCELS, "5000", "5", TABLE)
    work.set_rows(work.rows())
    work.train_and_build()


@clean("diabetes")
def a_feature_of_the_team(work: Work) -> None:
    """A transformer that the team wrote, in poc/features.py: it travels in the bundle."""
    work.compute_otherwise("np.round(made, 3, out=made)")
    work.train_and_build()


@clean("wine")
def trained_before_the_first_commit(work: Work) -> None:
    """A rehearsal on uncommitted work."""
    work.append(PROBLEM, "# a note\n")
    work.must("poc", "train")
    work.must("handoff", "build")


@clean("breast_cancer")
def a_rule_that_is_known_in_time(work: Work) -> None:
    """A column gives the outcome by rule, and problem.toml states why it is known before."""
    work.derive("ward", "str", lambda row: row["target"][0])
    work.append(PROBLEM, '\n[columns.known_in_time]\nward = "the ward is chosen at admission"\n')
    work.train_and_build()


# --- tables that nobody prepared ------------------------------------------------------------------


@clean("adopted")
def iris(work: Work) -> None:
    """Adopted: 150 rows, three classes, four numbers that nearly separate them."""
    _adopt_bundled(work, "iris")


@clean("adopted")
def digits(work: Work) -> None:
    """Adopted: 64 columns, ten classes, constant columns among them."""
    _adopt_bundled(work, "digits")


@clean("adopted")
def machines(work: Work) -> None:
    """Strong honest sensors: nearly perfect scores are only a warning."""
    work.adopt_rows("machines", made(900, 1, tables.nearly_perfect), "--target", "broken")
    work.train_and_build()


@clean("adopted")
def customers_half_unknown(work: Work) -> None:
    """Mixed types, half of the values missing, missingness weakly associated with the target."""
    work.adopt_rows("customers", made(3000, 2, tables.half_empty), "--target", "bought")
    work.train_and_build()


@clean("adopted")
def three_kinds_of_goods(work: Work) -> None:
    """Three classes, one of them rare."""
    work.adopt_rows("goods", made(1500, 3, tables.three_kinds), "--target", "kind")
    work.train_and_build()


@clean("adopted")
def flats(work: Work) -> None:
    """A number that honest columns explain nearly."""
    work.adopt_rows("flats", made(2000, 4, tables.price_of_a_flat), "--target", "price")
    work.train_and_build()


@clean("adopted")
def grid(work: Work) -> None:
    """Two years by the hour, growing slowly: a split by time, and real drift."""
    work.adopt_rows(
        "grid", made(5000, 5, tables.load_of_a_grid), "--target", "load", "--time", "at"
    )
    work.train_and_build()


@clean("adopted")
def customers_with_habits(work: Work) -> None:
    """Four rows a customer, kept together by rows.unit."""
    work.adopt_rows("bills", made(2400, 6, tables.accounts_of_customers), "--target", "paid_late")
    work.edit(PROBLEM, "[rows]\n", '[rows]\nunit = "customer"\n')
    work.train_and_build()


def _adopt_bundled(work: Work, name: str) -> None:
    path = Path(f"data/raw/{name}.csv")
    work.compute(BUNDLED, name, str(path))
    work.adopt(path, "--target", "target")
    work.train_and_build()
