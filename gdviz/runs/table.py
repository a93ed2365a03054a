"""The history of a run as a table."""

import csv
import io
from collections.abc import Sequence
from typing import Any, Literal

from gdviz.training.events import Start, TrainingEvent, of_kind
from gdviz.training.history import History


def history_table(events: Sequence[TrainingEvent], by: Literal["batch", "epoch"]) -> str:
    """The history as CSV, one line a batch or an epoch; values of a layer in a column of its own."""
    history = History().add(events)
    start = next(iter(of_kind(events, Start)), None)
    owners = {"inactive": [probe["layer"] for probe in start.probes] if start else []}
    by_batch = {at: {"step": at, **row} for at, row in history.batches.items()}
    by_epoch = {at: epoch.payload() for at, epoch in history.epochs.items()}
    rows = []
    for _, row in sorted((by_batch if by == "batch" else by_epoch).items()):
        flat: dict[str, Any] = {}
        for name, value in row.items():
            layers = owners.get(name, start.layers if start else [])
            flat |= (
                {f"{name} {layer}": v for layer, v in zip(layers, value, strict=True)}
                if isinstance(value, list)
                else {name: value}
            )
        rows.append(flat)
    table = io.StringIO()
    writer = csv.DictWriter(table, list(rows[0]) if rows else [by])
    writer.writeheader()
    writer.writerows(rows)
    return table.getvalue()
