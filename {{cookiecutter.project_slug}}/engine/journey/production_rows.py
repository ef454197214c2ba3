"""Sends the test rows to the real server, and their outcomes after them."""

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

# Rows that are sent alone, to see how long one answer takes; the rest go a hundred at a time.
ALONE = 300
TOGETHER = 100


@dataclass
class Traffic:
    """What was sent and what came back; times in milliseconds, memory in MB."""

    sent: int = 0
    labelled: int = 0
    memory_mb: float = 0.0
    times_ms: list[float] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    example_row: dict[str, Any] = field(default_factory=dict)
    example_answer: dict[str, Any] = field(default_factory=dict)
    refused_status: int = 0
    refused_answer: dict[str, Any] = field(default_factory=dict)

    @property
    def answered(self) -> int:
        """Rows that got an answer."""
        return len(self.ids)

    @property
    def p50_ms(self) -> float:
        """Half of the single rows were answered within."""
        return float(np.quantile(self.times_ms, 0.5))

    @property
    def p99_ms(self) -> float:
        """99 of 100 single rows were answered within."""
        return float(np.quantile(self.times_ms, 0.99))

    @property
    def edges_ms(self) -> list[float]:
        """Edges of the histogram of times; the slowest hundredth shares the last bar."""
        top = max(self.p99_ms, 1.0)
        return [float(edge) for edge in np.linspace(0, top, 25)]

    @property
    def counts(self) -> list[float]:
        """Requests between the edges."""
        clipped = np.minimum(self.times_ms, self.edges_ms[-1])
        return [float(n) for n in np.histogram(clipped, self.edges_ms)[0]]


def exchange(
    bundle: Path, logs: Path, rows: pd.DataFrame, columns: tuple[Column, ...],
    labels: Sequence[Any],
) -> Traffic:  # fmt: skip
    """Start the server, send it `rows`, a broken row and the `labels`, and stop it."""
    sent = json_rows(rows, columns)
    traffic = Traffic(sent=len(sent))
    with server(bundle, logs) as (connection, pid):
        for row in sent[:ALONE]:
            began = time.perf_counter()
            answer = call(connection, "/v1/predict", row)
            traffic.times_ms.append(1000 * (time.perf_counter() - began))
            traffic.ids.append(answer["prediction_id"])
            traffic.example_row, traffic.example_answer = row, answer
        for start in range(ALONE, len(sent), TOGETHER):
            some = {"rows": sent[start : start + TOGETHER]}
            answers = call(connection, "/v1/predict", some)["predictions"]
            traffic.ids += [one["prediction_id"] for one in answers]
        broken = {**sent[0], "no such field": 1}
        traffic.refused_status, traffic.refused_answer = post(connection, "/v1/predict", broken)
        known = [{"prediction_id": one, "label": label}
                 for one, label in zip(traffic.ids, labels, strict=True)]  # fmt: skip
        for start in range(0, len(known), TOGETHER):
            some = {"labels": known[start : start + TOGETHER]}
            traffic.labelled += call(connection, "/v1/labels", some)["stored"]
        traffic.memory_mb = memory_mb(pid)
    return traffic
