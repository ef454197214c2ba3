"""Work that is honest and sound, and not worth having."""

import hashlib
import shutil
from random import Random

from tests.mutations import tables
from tests.mutations.catalogue import fault, root_fault
from tests.mutations.tables import made
from tests.mutations.work import PROBLEM, Work


@root_fault("problem complete", "wine", also=("documented",), quick=True)
def nobody_said_what_is_done(work: Work) -> None:
    """An answer is missing and not marked as assumed."""
    work.set_value("action", '"Not yet said: what is done on the answer."')


@root_fault("beats the baseline", "diabetes", quick=True)
def outcomes_that_nothing_explains(work: Work) -> None:
    """The outcomes were joined to the wrong rows, so no input explains them."""
    rows = work.rows()
    outcomes = [row["target"] for row in rows]
    Random(1).shuffle(outcomes)
    work.set_rows([row | {"target": other} for row, other in zip(rows, outcomes, strict=True)])


@root_fault("beats the baseline", "wine")
def margin_that_is_not_sure(work: Work) -> None:
    """The gain is above the margin, but its interval reaches below."""
    work.set_value("margin", "0.62")


@root_fault("beats the baseline", "parcels")
def minimum_that_is_missed(work: Work) -> None:
    """The model beats the baseline, but not the minimum."""
    work.set_value("minimum", "0.95")


@root_fault("beats the baseline", "diabetes")
def inputs_that_were_all_excluded(work: Work) -> None:
    """All strong inputs were excluded for caution; only the age is left."""
    names = ("sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
    lines = "".join(f'{name} = "to be on the safe side"\n' for name in names)
    work.edit(PROBLEM, "[columns.excluded]\n", f"[columns.excluded]\n{lines}")


@root_fault("slices", "parcels")
def islands_served_by_chance(work: Work) -> None:
    """In one region the outcome is random: the average hides it, the group's floor does not."""
    rng = Random(2)
    rows = work.rows()
    for row in rows:
        if row["region"] == "islands":
            row["late"] = str(rng.random() < 0.4)
    work.set_rows(rows)


@fault("champion", "wine", quick=True)
def champion_that_nobody_signed_for(work: Work) -> None:
    """The live bundle was copied into the store without the gate, so no comparison is possible."""
    stranger = hashlib.sha256(b"a bundle from somewhere else").hexdigest()
    shutil.copytree(work.bundle, work.path / "bundles" / stranger)
    work.release(stranger)


@root_fault("champion", "diabetes", also=("compatible",))
def a_better_model_is_live(work: Work) -> None:
    """The new model beats the baseline, but is worse than the released champion."""
    work.set_value("minimum", "70.0")
    work.set_value("margin", "1.0")
    work.make_champion()
    lost = "".join(f'{name} = "not delivered any more"\n' for name in ("bmi", "bp", "s5"))
    work.edit(PROBLEM, "[columns.excluded]\n", f"[columns.excluded]\n{lost}")


@root_fault("slices", "adopted", quick=True)
def a_hall_with_broken_sensors(work: Work) -> None:
    """In one hall of three the sensors do not work; the average hides it."""
    rows, rng = made(900, 1, tables.nearly_perfect), Random(3)
    for row in rows:
        if row["hall"] == "C":
            row["broken"] = rng.choice(["yes", "no"])
    work.adopt_rows("machines", rows, "--target", "broken")
    floor = 'slices = [{ column = "hall", floor = 0.8 }]'
    work.edit(PROBLEM, "\n[success]\n", f"\n[success]\n{floor}\n")
