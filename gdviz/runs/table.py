"""What a run recorded, as a table."""

import csv
import io
from collections.abc import Sequence
from typing import Any, Literal

from gdviz.runs.records import Event
from gdviz.training.history import History


def history_table(events: Sequence[Event], by: Literal["batch", "epoch"]) -> str:
    """The history as CSV, one line a batch or an epoch; values of a layer in a column of its own."""
    history = History().add((event.kind, event.payload) for event in events)
    start: dict[str, Any] = next((event.payload for event in events if event.kind == "start"), {})
    owners = {"inactive": [probe["layer"] for probe in start.get("probes", ())]}
    rows = []
    for at, row in sorted((history.batches if by == "batch" else history.epochs).items()):
        flat: dict[str, Any] = {"step": at} if by == "batch" else {}
        for name, value in row.items():
            layers = owners.get(name, start.get("layers", ()))
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
