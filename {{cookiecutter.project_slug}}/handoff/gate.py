"""The gate's checks, in the order of the verdict. Both teams sign for this list.

`STANDARD_CHECKS` come with the engine, and updates of the engine may add some. To add one of your
own, write a function that returns a `Result`, and put it behind them
(docs/how-to/add-a-gate-check.md also has a test for it):

    from engine.gate.checks.check import Check, CheckContext, Result


    def small_enough(context: CheckContext) -> Result:
        megabytes = context.bundle.model_path.stat().st_size / 1e6
        required = "at most 5 MB: the tills load it over a mobile line"
        outcome = "pass" if megabytes <= 5 else "refuse"
        return Result(outcome, f"{megabytes:.1f} MB", required, "train fewer or smaller trees")


    CHECKS = (*STANDARD_CHECKS, Check("small enough", "safe to own", small_enough))

`CheckContext` holds the bundle, its model and the rows; engine/gate/checks/ has 21 examples.
A check that crashes refuses the bundle, because nothing was measured.

To leave one out, give the reason. The verdict shows the check as not applicable, with the reason:

    CHECKS = without(STANDARD_CHECKS, {"notebooks": "we have none"})
"""

from engine.gate.gate import STANDARD_CHECKS, without

__all__ = ["CHECKS", "STANDARD_CHECKS", "without"]

CHECKS = STANDARD_CHECKS
