"""Results that are not what they look like. (Leaks have a module of their own.)"""

from typing import Any

from tests.mutations.catalogue import fault
from tests.mutations.work import Work

# --- what the bundle says of itself ---------------------------------------------------------------


@fault("evaluation", "wine", quick=True)
def a_prettier_score(work: Work) -> None:
    """Someone typed a better score into evaluation.json, and sealed the bundle anew."""
    work.lie_in_json("evaluation.json", lambda said: said["candidate"].update(value=0.999))


@fault("evaluation", "parcels")
def a_group_less(work: Work) -> None:
    """The group that does worst was taken out of evaluation.json."""

    def hide_the_worst(said: dict[str, Any]) -> None:
        worst = min(said["slices"], key=lambda part: part["metric"])
        said["slices"].remove(worst)

    work.lie_in_json("evaluation.json", hide_the_worst)


@fault("evaluation", "breast_cancer", also=("parity",))
def a_threshold_moved(work: Work) -> None:
    """The threshold was moved after the build; golden rows are decided otherwise then."""
    work.lie_in_json("evaluation.json", lambda said: said.update(threshold=0.99))


@fault("evaluation", "diabetes")
def a_use_more_on_the_card(work: Work) -> None:
    """A limit of use was taken off the model card."""
    work.lie("model_card.md", "Choosing or changing a treatment; ", "")


@fault("evaluation", "diabetes")
def a_reference_that_sees_nothing(work: Work) -> None:
    """The monitor's reference was widened, so that no drift would ever ring."""
    work.lie_in_json("reference.json", lambda said: said["features"][0].update(edges=[]))
