"""What earlier runs decided: today's accepted model, and parameters that a search has found."""

from pathlib import Path
from typing import Any

from engine.problem.errors import BadInput
from engine.problem.files import read_json
from engine.training.candidates import CHAMPION, TUNED, Candidate, recipe
from engine.training.record.tracking import connect, mlflow, store_errors
from engine.training.record.write import RUN_METADATA

# What the registry calls the version that both teams have signed for (gate/accept.py sets it).
# Which of the accepted ones is live is another question, and deploy/release.toml answers it.
ACCEPTED = "accepted"


@store_errors()
def facts_of(run_id: str, name: str) -> dict[str, Any]:
    """The training.json of run `run_id` of the problem `name`; `latest` is the last that finished.

    Raises:
        BadInput: there is no such run, or it recorded none.
    """
    experiment = connect(name)
    client = mlflow.MlflowClient()
    if run_id == "latest":
        found = client.search_runs([experiment], "attributes.status = 'FINISHED'", max_results=1)
        run_id = found[0].info.run_id if found else run_id
    try:
        path = Path(mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=RUN_METADATA))
    except (mlflow.exceptions.MlflowException, OSError):
        raise BadInput(
            f"expected a finished training run of '{name}', found none called {run_id}; "
            "list them with `mlflow ui`, or point MLFLOW_TRACKING_URI to the server that knows it"
        ) from None
    return read_json(path, f"a run's {RUN_METADATA}", "name another run, or train again")


def found_by(facts: dict[str, Any]) -> dict[str, Any]:
    """The parameters that the search of a run has found.

    Raises:
        BadInput: the run tried none that were searched for.
    """
    tuned = [one for one in facts.get("trials", []) if one["name"] == TUNED]
    if not tuned:
        raise BadInput(
            "that run tried no parameters from a search; name one that was trained with "
            "--search-seconds, or search now"
        )
    return dict(tuned[0]["parameters"])


def champion(name: str, tried: tuple[Candidate, ...]) -> tuple[Candidate, dict[str, Any]] | None:
    """The recipe of the accepted model of problem `name`, and where it is from; None without one.

    The recipe, not the model: it learns from the same rows as the others, by today's features.

    Raises:
        BadInput: the code of today cannot make it any more.
    """
    connect(name)
    try:
        accepted = mlflow.MlflowClient().get_model_version_by_alias(name, ACCEPTED)
    except mlflow.exceptions.MlflowException:
        return None
    facts = facts_of(str(accepted.run_id), name)
    if "parameters" not in facts:
        raise BadInput("its run recorded no parameters")
    made = recipe(tried, facts["candidate"], facts["parameters"], called=CHAMPION)
    return made, {
        "run_id": str(accepted.run_id),
        "version": str(accepted.version),
        "candidate": facts["candidate"],
        "calibrated": facts["calibrated"],
    }
