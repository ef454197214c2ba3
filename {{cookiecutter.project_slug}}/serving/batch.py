"""Predictions for every row of a file: `python -m serving batch IN OUT`.

Owner: ML engineering. The same model, checks and messages as the server's, without the prediction
log. Stop it at any moment: the same command continues where it was.
"""

from pathlib import Path

from engine.serving.batch.run import PART_ROWS, begin
from engine.serving.select_bundle import select_bundle


def batch(
    rows: Path,
    out: Path,
    chosen: Path | None,
    *,
    rehearsal: bool,
    overwrite: bool = False,
    processes: int = 0,
    part_rows: int = PART_ROWS,
) -> int:
    """Predict every row of a file.

    Args:
        rows: a .csv or .parquet file with all inputs of the contract.
        out: the .parquet file to write; refused rows go to ….refused.parquet beside it.
        chosen: a bundle's folder; None for the released bundle.
        rehearsal: use a bundle that is not accepted; every row says so.
        overwrite: discard what an earlier run began or finished.
        processes: how many processes predict, each with a model of its own; 0 for one a core.
        part_rows: rows that are read, predicted and written at a time.

    Returns:
        The exit code: 0, or that of a closed gate if every single row was refused.

    Raises:
        BadInput: the bundle may not be served, the file does not fit its contract, or OUT cannot be
            written.
    """
    # 1. Which bundle: the released one, with its record of acceptance.
    bundle = select_bundle(chosen, rehearsal=rehearsal)
    with begin(
        rows, out, bundle, rehearsal=rehearsal, overwrite=overwrite, part_rows=part_rows
    ) as run:
        # 2. Read the file in parts. 3. Predict them, on every core; each is safe on the disk then.
        with run.predictions(processes) as parts:
            for number, counts in parts:
                run.add(number, counts)
        # 4. Write one file of all parts. It appears under its name when it is whole.
        run.join()
    return run.report()
