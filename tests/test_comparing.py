"""Comparisons: the configuration, the search, the plan, the record, and a whole comparison in this process."""

import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import stats
from sklearn.metrics import f1_score

import gdviz
from gdviz.clipping import CLIPPERS
from gdviz.comparing.comparison import Budget, Comparison, Entrant, entrants_of
from gdviz.comparing.halving import rungs, spent
from gdviz.comparing.plan import Known, portions
from gdviz.comparing.record import Record, trial_of
from gdviz.comparing.run import how, train_portion
from gdviz.comparing.search import points, propose, shares_of, values_at
from gdviz.schedules import SCHEDULES
from gdviz.training import DATASETS, KERAS_OPTIMIZERS, ConvNet, DenseLayer, Split, TrainingSetup
from gdviz.training.channel import Recorder
from gdviz.training.datasets import prepare
from gdviz.training.events import End
from gdviz.training.keras.loop import train
from gdviz.training.keras.together import Trainer
from tests.events import epoch

IRIS = TrainingSetup(data=DATASETS.make("iris"), layers=(DenseLayer(8),), epochs=4)


@pytest.fixture(scope="module")
def record() -> Record:
    return gdviz.compare(
        IRIS,
        ["adam", "adam", "ftrl"],
        trials=6,
        repeats=3,
        target=0.5,
        high=1.0,
        low=1e-9,
        metric="categorical_accuracy",
    )


# A whole comparison


def test_everybody_has_the_same_budget_at_the_same_points(record: Record) -> None:
    by_name = {name: [t for t in record.trials if t.entrant == name] for name in record.names}
    assert {len(trials) for trials in by_name.values()} == {6}
    rates = [[t.learning_rate for t in trials] for trials in by_name.values()]
    assert rates[0] == rates[1] == rates[2]
    seeds = [[t.seed for t in trials] for trials in by_name.values()]
    assert seeds[0] == seeds[1] == seeds[2]
    assert not {t.seed for t in record.trials} & {t.seed for t in record.tests}


def test_the_same_optimizer_twice_has_the_same_scores_and_is_not_told_apart(record: Record) -> None:
    assert record.names == ("adam", "adam (2)", "ftrl")
    assert record.repeats["adam"] == pytest.approx(record.repeats["adam (2)"])
    assert ("adam" in record.best) == ("adam (2)" in record.best)


def test_scores_are_those_of_a_training_alone(record: Record) -> None:
    trial, entrant = record.trials[2], record.comparison.entrants[0]
    result = train(entrant.setup(IRIS, trial.values, trial.seed), prepare(IRIS), Recorder())
    assert trial.score == pytest.approx(result.scores["validation"]["categorical_accuracy"], rel=1e-5)
    best = record.chosen("adam")
    assert best is not None
    repeat = next(t for t in record.tests if t.entrant == "adam")
    result = train(entrant.setup(IRIS, best.values, repeat.seed), prepare(IRIS), Recorder())
    assert repeat.score == pytest.approx(result.scores["test"]["categorical_accuracy"], rel=1e-5)


def test_the_record_has_what_it_promises(record: Record) -> None:
    assert record.done == 1.0
    for name in record.names:
        expected = record.expected_best(name)
        assert expected.shape == (6,)
        assert np.all(np.diff(expected) >= 0)
        assert record.repeats[name].shape == (3,)
        low, high = record.expected_best_band(name)
        assert np.all(low <= high)
    assert record.comparison.labels[record.best[0]] in record.sentence
    data = prepare(IRIS)
    commonest = data.y["train"].sum(axis=0).argmax()
    assert record.constant["test"] == pytest.approx((data.y["test"].argmax(axis=1) == commonest).mean())
    epochs, steps, seconds = record.to_target(record.best[0]) or (0, 0, 0)
    assert (1 <= epochs <= 4, steps, seconds > 0) == (True, 3 * epochs, True)
    assert len(record.to_csv().splitlines()) == 1 + 3 * 6 + 3 * 3
    assert record._repr_mimebundle_()


def test_the_winner_is_the_training_that_was_repeated(record: Record) -> None:
    winner = record.winner()
    assert winner is not None
    repeat = next(t for t in record.tests if t.entrant == record.best[0])
    assert (winner.optimizer.learning_rate, winner.seed) == (repeat.learning_rate, repeat.seed)


def test_a_regression_where_everything_diverges_says_so() -> None:
    problem = TrainingSetup(data=DATASETS.make("diabetes"), split=Split(standardise_target=False), epochs=2)
    found = gdviz.compare(problem, ["sgd"], trials=2, repeats=2, low=1e6, high=1e8)
    assert {t.status for t in found.trials} == {"diverged"}
    assert (found.best, found.done, found.diverged("sgd")) == ([], 1.0, 1.0)
    assert "diverged" in found.sentence


@pytest.mark.parametrize("last", [{}, {"auc": math.nan}])
def test_a_trial_that_blew_up_does_not_win_by_what_it_was_before(last: dict[str, float]) -> None:
    comparison = Comparison(IRIS, entrants_of(["sgd"]), metric="auc")
    assert how(comparison, 0, None)["better"]({"loss": math.nan, **last}) == -math.inf
    blown_up = {f"val_{name}": value for name, value in {"loss": math.nan, **last}.items()}
    events = [epoch(1, val_loss=0.5, val_auc=0.9), epoch(2, **blown_up), End("finished", "", {"test": last})]
    for repeat in (None, 0):
        trial = trial_of(comparison, (0, 0, repeat), IRIS, "finished", events)
        assert (trial.score, trial.status, len(trial.curve)) == (-math.inf, "diverged", 2)


def test_errors_are_scores_with_their_sign_turned() -> None:
    problem = TrainingSetup(data=DATASETS.make("curve"), layers=(), epochs=2)
    found = gdviz.compare(problem, ["sgd", "adam"], trials=3, repeats=2)
    assert found.comparison.metric == "mean_absolute_error"
    assert all(t.score < 0 for t in found.trials)
    assert np.all(np.diff(found.expected_best("sgd")) >= 0)
    assert found.window("adam") is not None
    assert "mean absolute error" in found.sentence or "No difference" in found.sentence


def test_halving_begins_more_trials_and_spends_no_more_epochs() -> None:
    found = gdviz.compare(IRIS, ["adam"], trials=4, repeats=2, halving=True, metric="f1")
    assert len(found.trials) == found.comparison.trials > 4
    assert {t.status for t in found.trials} <= {"finished", "given up", "diverged"}
    epochs = sum(len(t.curve) for t in found.trials)
    assert epochs <= 4 * IRIS.epochs
    assert found.done == 1.0

    data = prepare(IRIS)
    commonest = np.full(len(data.y["test"]), data.y["train"].sum(axis=0).argmax())
    assert found.constant["test"] == pytest.approx(f1_score(data.y["test"].argmax(axis=1), commonest, average="macro"))
    best = found.chosen("adam")
    assert best is not None
    single = train(found.comparison.entrants[0].setup(IRIS, best.values, best.seed), data, Recorder())
    assert best.score == pytest.approx(single.scores["validation"]["f1"])


def test_a_score_that_the_data_do_not_have_is_refused_before_anything_is_trained() -> None:
    comparison = Comparison(IRIS, entrants_of(["adam"]), Budget(trials=1, repeats=2), metric="auc")
    trainer = Trainer(IRIS)
    trainer.data.y["test"] = np.eye(3, dtype=np.float32)[np.zeros(len(trainer.data.y["test"]), int)]
    with pytest.raises(ValueError, match="metric auc needs rows of two classes; the test part has rows of one alone"):
        train_portion(comparison, portions(comparison, [])[0], trainer)


def test_a_search_that_learns_looks_where_it_was_good() -> None:
    found = gdviz.compare(IRIS, ["adam"], trials=12, repeats=2, search="tpe", metric="loss")
    assert len(found.trials) == 12
    quasi = points(found.comparison.entrants[0], found.comparison.budget, 12)
    rates = [values_at(found.comparison.budget, q)["learning_rate"] for q in quasi]
    assert [t.learning_rate for t in found.trials][:6] == pytest.approx(rates[:6])
    assert [t.learning_rate for t in found.trials][6:] != pytest.approx(rates[6:])


def test_without_the_app() -> None:
    script = """
import sys
sys.modules["streamlit"] = None
import gdviz
record = gdviz.compare("iris", ["sgd", "adam"], trials=2, epochs=1, repeats=2)
assert record.best and not any(name.startswith("distributed") for name in sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


# The configuration


def test_a_comparison_survives_json() -> None:
    entrants = (
        Entrant(KERAS_OPTIMIZERS.make("sgd", momentum=0.9), SCHEDULES.make("piecewise_constant"), tuned=("momentum",)),
        Entrant(KERAS_OPTIMIZERS.make("adam"), clip=CLIPPERS.make("clipnorm")),
    )
    comparison = Comparison(IRIS, entrants, Budget(trials=7, halving=True), "loss", 0.1)
    assert Comparison.from_json(comparison.to_json()) == comparison
    assert comparison.entrants[0].tuned == ("learning_rate", "momentum")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: gdviz.compare("nothing"), "problem must be"),
        (lambda: gdviz.compare("iris", ["adam"], trials=0), "trials must be a whole number"),
        (lambda: gdviz.compare("iris", ["adam"], repeats=1), "repeats must be"),
        (lambda: gdviz.compare("iris", ["nobody"]), "optimizer must be one of"),
        (lambda: gdviz.compare("iris", ["adam"], metric="nice"), "metric must be one of"),
        (lambda: gdviz.compare("iris", ["adam"], colour=1), "budget has no colour"),
        (lambda: gdviz.compare("iris", ["adam"], low=1.0, high=0.1), "low must be below high"),
        (lambda: gdviz.compare("iris", ["adam"] * 9), "at most 8"),
        (lambda: Entrant(KERAS_OPTIMIZERS.make("adam"), tuned=("momentum",)), "tuned must be of"),
        (lambda: Comparison(replace(IRIS, split=Split(validate_on_test=True))), "a part of its own"),
        (lambda: Comparison(replace(IRIS, split=Split(test=0.0))), "test must be above 0"),
        (
            lambda: Comparison(TrainingSetup(convolution=ConvNet()), budget=Budget(halving=True)),
            "halving must be off",
        ),
    ],
)
def test_what_does_not_go_is_refused_before_anything_is_trained(make: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()  # type: ignore[operator]


# The search


def test_the_points_fill_every_sixteenth_of_the_range_once() -> None:
    shares = [p["learning_rate"] for p in points(entrants_of(["adam"])[0], Budget(), 16)]
    assert sorted(int(16 * share) for share in shares) == list(range(16))
    assert stats.qmc.discrepancy(np.array(shares)[:, None]) < 0.01


def test_more_trials_keep_the_first_ones() -> None:
    adam = Entrant(KERAS_OPTIMIZERS.make("adam"), tuned=("learning_rate", "beta_1"))
    assert points(adam, Budget(), 40)[:16] == points(adam, Budget(), 16)
    seen = [(p, 0.0) for p in points(adam, Budget(), 16)]
    assert propose(adam, Budget(), 100, seen, 20) == points(adam, Budget(), 20)[16:]


@given(some.floats(0, 1), some.sampled_from(["learning_rate", "beta_1", "epsilon"]))
@settings(max_examples=50, deadline=None)
def test_shares_and_values_are_inverse(share: float, name: str) -> None:
    budget = Budget(low=1e-6, high=1e3)
    there = values_at(budget, {name: share})
    assert shares_of(budget, there)[name] == pytest.approx(share, abs=1e-9)


@given(some.integers(1, 40), some.integers(1, 120))
@settings(max_examples=60, deadline=None)
def test_halving_never_spends_more(trials: int, epochs: int) -> None:
    found = rungs(trials, epochs)
    assert spent(*found, epochs=epochs) <= max(trials * epochs, spent((0, trials), epochs=epochs))
    assert [count for _, count in found] == sorted((count for _, count in found), reverse=True)
    assert found[0][1] >= trials


# The plan


def plan_of(comparison: Comparison, known: list[Known]) -> set[tuple[int, int, int | None]]:
    return {task.key for portion in portions(comparison, known) for task in portion}


def test_a_plan_goes_on_where_it_was_and_does_nothing_twice() -> None:
    comparison = Comparison(IRIS, entrants_of(["sgd", "adam"]), Budget(trials=20, repeats=3))
    everything = plan_of(comparison, [])
    assert everything == {(k, n, None) for k in range(2) for n in range(20)}
    tasks = {task.key: task for portion in portions(comparison, []) for task in portion}

    def known(key: tuple[int, int, int | None], score: float | None) -> Known:
        return Known(*key, {"learning_rate": tasks[key].setup.optimizer.learning_rate}, score)

    some_running = [known((0, n, None), None) for n in range(16)]
    assert plan_of(comparison, some_running) == everything - {(0, n, None) for n in range(16)}


def test_the_repeats_are_those_of_the_best_and_follow_it() -> None:
    comparison = Comparison(IRIS, entrants_of(["sgd"]), Budget(trials=2, repeats=3))
    tasks = [task for portion in portions(comparison, []) for task in portion]
    values = [{"learning_rate": t.setup.optimizer.learning_rate} for t in tasks]
    ended = [Known(0, 0, None, values[0], 0.7), Known(0, 1, None, values[1], 0.8)]
    assert plan_of(comparison, [ended[0], replace(ended[1], score=None)]) == set()
    assert plan_of(comparison, ended) == {(0, 1, r) for r in range(3)}
    repeated = [*ended, *(Known(0, 1, r, values[1], 0.8) for r in range(3))]
    assert plan_of(comparison, repeated) == set()
    more = comparison.changed(trials=3)
    assert plan_of(more, repeated) == {(0, 2, None)}
    third = Known(0, 2, None, {"learning_rate": 0.1}, 0.9)
    assert plan_of(more, [*repeated, third]) == {(0, 2, r) for r in range(3)}
    hopeless = [replace(t, score=-math.inf) for t in ended]
    assert plan_of(comparison, hopeless) == set()
