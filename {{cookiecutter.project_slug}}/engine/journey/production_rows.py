"""Sends the test rows to the real server, and their labels after them."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from engine.contract.column import Column
from engine.data.columns import json_rows
from engine.serving.server_process import call, memory_mb, post, server

# Rows that are sent alone, to measure response times; the others are sent in batches.
ALONE, BATCH = 300, 100


@dataclass
class Traffic:
    """Requests and responses; times in milliseconds, memory in MB."""

    sent: int = 0
    labelled: int = 0
    memory_mb: float = 0.0
    times_ms: list[float] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    example_row: dict[str, Any] = field(default_factory=dict)
    example_answer: dict[str, Any] = field(default_factory=dict)
    refused_status: int = 0
    refused_answer: dict[str, Any] = field(default_factory=dict)

    def quantile_ms(self, share: float) -> float:
        """This share of the single rows got their response within so many milliseconds."""
        return float(np.quantile(self.times_ms, share))


def exchange(
    bundle: Path,
    logs: Path,
    rows: pd.DataFrame,
    columns: tuple[Column, ...],
    labels: Sequence[Any],
) -> Traffic:
    """Start the server, send it `rows`, a row with an unknown field and the `labels`; stop it."""
    sent = json_rows(rows, columns)
    traffic = Traffic(sent=len(sent))
    with server(bundle, logs) as (connection, pid):
        for row in sent[:ALONE]:
            began = time.perf_counter()
            response = call(connection, "/v1/predict", row)
            traffic.times_ms.append(1000 * (time.perf_counter() - began))
            traffic.ids.append(response["prediction_id"])
            traffic.example_row, traffic.example_answer = row, response
        for start in range(ALONE, len(sent), BATCH):
            batch = {"rows": sent[start : start + BATCH]}
            predictions = call(connection, "/v1/predict", batch)["predictions"]
            traffic.ids += [one["prediction_id"] for one in predictions]
        broken = {**sent[0], "no such field": 1}
        traffic.refused_status, traffic.refused_answer = post(connection, "/v1/predict", broken)
        pairs = [
            {"prediction_id": one, "label": label}
            for one, label in zip(traffic.ids, labels, strict=True)
        ]
        for start in range(0, len(pairs), BATCH):
            batch = {"labels": pairs[start : start + BATCH]}
            traffic.labelled += call(connection, "/v1/labels", batch)["stored"]
        traffic.memory_mb = memory_mb(pid)
    return traffic
