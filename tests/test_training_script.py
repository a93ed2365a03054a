"""The exported script, run in a fresh process, ends at the losses of the run."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from gdviz.training import PRESETS, TrainingSetup, keras_script
from gdviz.training.channel import Recorder
from gdviz.training.datasets import prepare
from gdviz.training.events import Epoch
from gdviz.training.keras.loop import train

CSV = b"id;size;price;on;colour;kind\n" + b"".join(
    b"k%d;%d,5;%s %%;%d.3.2024;%s;%s\n"
    % (
        i,
        i * i % 17,
        b"-" if i % 20 == 7 else b"1.2%02d,5" % i,
        i % 28 + 1,
        b"red blue".split()[i % 2],
        b"ab"[i % 3 > 1 :][:1],
    )
    for i in range(60)
)
SETUPS = {
    "digits": {"epochs": 3},
    "everything": {
        "data": {"name": "spirals"},
        "layers": [
            {"units": 16, "activation": "tanh", "normalization": "batch", "dropout": 0.3, "l2": 0.01},
            {
                "units": 16,
                "residual": True,
                "max_norm": 2.0,
                "kernel_initializer": "he_normal",
                "normalization": "layer",
            },
        ],
        "optimizer": {"name": "rmsprop", "momentum": 0.5},
        "schedule": {"name": "exponential_decay", "initial_learning_rate": 0.01},
        "warmup_steps": 10,
        "clip": {"name": "clipnorm", "clipnorm": 0.5},
        "epochs": 5,
        "early_stopping": {"patience": 2, "restore_best_weights": True},
    },
    "plateau": {
        "data": {"name": "diabetes"},
        "epochs": 15,
        "reduce_on_plateau": {"patience": 1, "min_delta": 0.01, "cooldown": 1},
        "optimizer": {"name": "sgd", "learning_rate": 0.1, "use_ema": True, "weight_decay": 0.01},
    },
    "convolutions, full batch": {"convolution": {}, "epochs": 2, "batch_size": None},
    "own table": {
        "data": {"name": "own_table", "learn": "regression", "target": "size", "columns": "kind=left out"},
        "layers": [],
        "epochs": 3,
    },
    "own table, as version 0.1.0 read it": {
        "data": {"name": "own_table", "target": 0},
        "layers": [],
        "epochs": 3,
        "split": {"validate_on_test": True},
    },
}
RUN_ALL = """
import io, json, runpy, sys
from contextlib import redirect_stdout
losses = {}
for name in sys.argv[1:]:
    with redirect_stdout(io.StringIO()):
        done = runpy.run_path(name)
    part = lambda rows: done["model"].evaluate(done["x"][rows], done["y"][rows], batch_size=len(rows), verbose=0)
    losses[name] = [part(done["train"])[0], done["history"].history["loss"][-1], len(done["history"].history["loss"])]
    losses[name] += [done["scores"]]
print(json.dumps(losses))
"""


def test_the_script_ends_at_the_loss_of_the_run(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_bytes(CSV)
    expected = {}
    for i, values in enumerate(SETUPS.values()):
        setup = TrainingSetup.from_dict(values)
        recorder = Recorder()
        result = train(setup, prepare(setup, CSV), recorder)
        epochs = recorder.of(Epoch)
        expected[f"{i}.py"] = [result.scores["train"]["loss"], epochs[-1].measured["loss"], len(epochs)]
        expected[f"{i}.py"] += [[*result.scores.values()][-1]]  # loss, metrics, F1 and AUC of the last part
        (tmp_path / f"{i}.py").write_text(keras_script(setup), encoding="utf-8")
    (tmp_path / "run_all.py").write_text(RUN_ALL)
    command = [sys.executable, "run_all.py", *expected]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert {"loss", "f1", "auc"} <= set(expected["0.py"][-1])
    for (name, mine), title in zip(expected.items(), SETUPS, strict=True):
        *losses, scores = mine
        # A rounding error can turn the order of two rows.
        assert found[name] == [*(pytest.approx(n, abs=1e-5) for n in losses), pytest.approx(scores, abs=2e-3)], title


@pytest.mark.parametrize("title", list(PRESETS))
def test_the_script_of_a_preset_is_python_without_gdviz(title: str) -> None:
    code = keras_script(PRESETS[title])
    names = {alias.name for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Import) for alias in node.names}
    assert names == {"keras", "numpy"}
    assert "gdviz" not in code.split('"""', 2)[2]
