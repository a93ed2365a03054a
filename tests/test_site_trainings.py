"""What the static site keeps of a training: thinned, packed, and JSON."""

import base64
import json
import math

import numpy as np

from gdviz.charts.palette import LIGHT_THEME
from gdviz.site.trainings import MOST_POINTS, SIDE, TRAININGS, kept, training_data
from gdviz.training import events
from gdviz.training.channel import Recorder


def test_a_long_training_is_thinned_and_its_boundary_packed() -> None:
    recorder = Recorder()
    points: events.Points = {"x": [0.0, 1.0], "y": [1.0, 0.0], "target": [0.0, 1.0]}
    recorder.emit(events.Start({}, 1000, 2000, 9, [], [], ["x", "y"], ["0", "1"], None, "", [], points))
    for epoch in (1, 2):
        losses = [1.0 / step for step in range(1000 * epoch - 999, 1000 * epoch + 1)]
        recorder.emit(events.Batches(1000 * epoch - 999, epoch, 1.0, [0.1] * 1000, {"loss": losses}))
        recorder.emit(events.Epoch(epoch, 1000 * epoch, 1.0, 1.0, {"loss": 0.1, "val_loss": 0.123456}))
        ramp = np.tile(np.linspace(0, 1, 60), (60, 1))
        grid = np.linspace(-1, 1, 60).tolist()
        boundary: events.Boundary = {"x": grid, "y": grid, "values": [ramp.tolist()]}
        recorder.emit(events.Snapshot(epoch, 1000 * epoch, "validation", boundary=boundary))
    recorder.emit(events.End("finished", "why", step=2000))
    made = json.loads(json.dumps(kept(recorder), allow_nan=False))
    assert made["train"]["step"][0] == 1
    assert made["train"]["step"][-1] == 2000
    assert len(made["train"]["step"]) == MOST_POINTS
    assert all(loss == float(f"{1 / step:.4g}") for step, loss in zip(*made["train"].values(), strict=True))
    assert made["validation"] == {"step": [1000, 2000], "loss": [0.1235, 0.1235]}
    assert made["boundary"]["domain"] == [[-1, 1], [-1, 1]]
    last = np.frombuffer(base64.b64decode(made["boundary"]["pictures"][-1]["values"]), np.uint8).reshape(SIDE, SIDE)
    assert last[0, 0] == 0
    assert last[7, -1] == 255
    assert math.isclose(last[3, SIDE // 2], 127, abs_tol=6)


def test_what_is_recorded_is_what_the_stories_tell_of() -> None:
    for name in TRAININGS:
        data = training_data(name, LIGHT_THEME)
        assert (data["status"] == "diverged") == (name == "loss_becomes_nan")
        assert data["train"]["step"][-1] == data["steps"]
    losses = {name: training_data(name, LIGHT_THEME)["train"]["loss"] for name in TRAININGS}
    assert losses["spirals"][-1] < 0.1 < losses["ten_sigmoid_layers"][-1]
    assert losses["loss_becomes_nan"][-1] is None
