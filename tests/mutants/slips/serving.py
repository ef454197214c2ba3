"""Slips in the server, its logs, its releases and its bulk work."""

from tests.mutants.slips.slip import Slip

_LABELS = "serving/http/test_labels.py::test_label_"
_POLLS = "serving/test_release_polls.py::test_"

SLIPS = [
    Slip(
        "a label is answered before it is on the disk",
        "serving/log/labels.py",
        "            self._segments.sync()\n",
        "",
        f"{_LABELS}is_answered_once_a_power_cut_cannot_lose_it",
    ),
    Slip(
        "a label of a regression may be infinite",
        "serving/http/labels.py",
        "outcome = Annotated[float, Field(allow_inf_nan=False)]",
        "outcome = float",
        f"{_LABELS}of_a_regression_is_a_finite_number",
    ),
    Slip(
        "a half-written release file is acted on",
        "serving/model_holder.py",
        "if content == previous and content != handled:",
        "if content != handled:",
        f"{_POLLS}half_written_release_file_is_not_acted_on",
    ),
    Slip(
        "a release file that changes while its bundle is chosen is acted on",
        "serving/model_holder.py",
        "        if bundle.id != released:  # the file changed again; the next poll reads it\n"
        "            return\n",
        "",
        f"{_POLLS}release_file_that_changes_while_its_bundle_is_chosen_is_read_again",
    ),
    Slip(
        "a caller who leaves a shared call takes the answers of the others along",
        "serving/dynamic_batcher.py",
        "zip(batch, results, strict=True):\n            if request.predictions.done():",
        "zip(batch, results, strict=True):\n            if not request.rows:",
        "serving/test_dynamic_batcher.py::"
        "test_caller_who_leaves_a_shared_call_leaves_the_others_their_answers",
    ),
    Slip(
        "a request without an end is read as long as it comes",
        "serving/http/request_parsing.py",
        "while more and len(content) <= most:",
        "while more:",
        "serving/http/test_work.py::test_body_without_an_end_is_read_up_to_the_limit",
    ),
    Slip(
        "the server takes a text for a number",
        "serving/http/schema.py",
        'extra="forbid", strict=True',
        'extra="forbid"',
        "serving/http/test_app.py::test_row_that_does_not_fit_the_contract_is_refused",
    ),
    Slip(
        "the seconds of a request are counted in milliseconds",
        "serving/http/gateway.py",
        "time.perf_counter() - began)",
        "1_000 * (time.perf_counter() - began))",
        "serving/http/test_metrics.py::test_request_seconds_are_seconds",
    ),
    Slip(
        "rows of another length count by part, not in the whole file",
        "serving/batch/source.py",
        "if refused > MOST_UNREADABLE:",
        "if len(unreadable) >= MOST_UNREADABLE:",
        "serving/batch/test_unreadable.py::test_rows_of_another_length_are_added_up_over_all_parts",
    ),
    Slip(
        "rows on which the model fails count by part, not in the whole file",
        "serving/batch/run.py",
        "failed = sum(",
        "failed = max(",
        "serving/batch/test_batch.py::"
        "test_rows_that_the_model_fails_on_are_added_up_over_all_parts[50]",
    ),
    Slip(
        "a cell of 5,000 digits is read as a short whole number",
        "contract/format.py",
        'SHORT_INTEGER = "[+-]?0*[0-9]{1,18}"',
        'SHORT_INTEGER = "[+-]?0*[0-9]+"',
        "serving/batch/test_validation.py::"
        "test_whole_number_of_many_digits_is_read_as_the_server_reads_it",
    ),
    Slip(
        "a segment of the log is written at an offset, not at its end",
        "serving/log/segments.py",
        '"ab", opener=_create)',
        '"wb")',
        "serving/log/test_rotation.py::test_emptied_segment_has_no_zero_bytes",
    ),
    Slip(
        "bulk work counts the cores of the machine, not of the container",
        "serving/batch/run.py",
        "processes or joblib.cpu_count()",
        "processes or joblib.parallel.mp.cpu_count()",
        "serving/batch/test_cores.py",
    ),
    Slip(
        "a blank category is a category of its own",
        "serving/http/schema.py",
        'missing.add("")',
        "missing.discard('')",
        "serving/test_as_in_training.py -k category",
    ),
    Slip(
        "an error of the system counts as a full disk",
        "serving/batch/run.py",
        "full = error.errno in NO_SPACE",
        "full = error.errno is not None",
        "serving/batch/test_temporary.py -k system",
    ),
    Slip(
        "the first process of a container ignores SIGTERM",
        "problem/errors.py",
        "if os.getpid() == 1:",
        "if os.getpid() == 0:",
        "problem/test_signals.py",
    ),
    Slip(
        "the health check probes the port of requests alone",
        "serving/health.py",
        "at.port if at.operate_port is None else at.operate_port",
        "at.port",
        "serving/test_health.py -k probed",
    ),
    Slip(
        "a counter of errors begins with the first error",
        "serving/http/app.py",
        'if "POST" in methods)',
        'if "TRACE" in methods)',
        "serving/test_counters.py -k own",
    ),
]
