"""Networks, theory, training and verdicts of ``gdviz.gradflow``; its gradients are compared with Keras elsewhere."""

import doctest
import inspect
import math
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdviz
from gdviz import gradflow
from gdviz.catalogue import Entry
from gdviz.gradflow import effects, theory
from gdviz.gradflow.flow import histogram, norm
from gdviz.gradflow.network import backward, forward
from gdviz.gradflow.verdicts import trend

CATALOGUES = (
    gradflow.ACTIVATIONS,
    gradflow.INITIALIZERS,
    gradflow.NORMALIZATIONS,
    gradflow.RESIDUALS,
    gradflow.LOSSES,
    gradflow.INPUTS,
    gradflow.CELLS,
)
ENTRIES = [pytest.param(entry, id=f"{c.kind}-{name}") for c in CATALOGUES for name, entry in c.items()]
ACTIVATIONS = [pytest.param(entry(), id=name) for name, entry in gradflow.ACTIVATIONS.items()]


# The catalogues


@pytest.mark.parametrize("entry", ENTRIES)
def test_entry_keeps_the_contract_of_all_catalogues(entry: type[Entry]) -> None:
    assert entry() == entry(**entry().values())
    assert hash(entry()) == hash(entry())
    assert entry.label
    assert entry.formula
    assert entry.source.startswith("https://")
    assert len(entry.summary()) > 20
    assert len(entry.knobs()) == len(fields(entry))
    examples = doctest.DocTestParser().get_examples(inspect.getdoc(entry) or "")
    assert any(any(character.isdigit() for character in example.want) for example in examples)
    for knob in entry.knobs():
        assert knob.help
        for value in knob.usual or ():
            entry(**{knob.name: knob.type(value)})
        with pytest.raises(ValueError, match=knob.name):
            entry(**{knob.name: float("nan")})


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_slope_is_the_derivative(activation: gradflow.Activation) -> None:
    z = np.random.default_rng(5).uniform(-6, 6, 400)
    h = 1e-4
    f = activation.f
    central = (8 * (f(z + h) - f(z - h)) - (f(z + 2 * h) - f(z - 2 * h))) / (12 * h)
    np.testing.assert_allclose(activation.slope(z), central, atol=1e-9)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_no_slope_is_steeper_than_the_steepest(activation: gradflow.Activation) -> None:
    slopes = np.abs(activation.slope(np.linspace(-10, 10, 200_001)))
    assert slopes.max() == pytest.approx(activation.steepest, rel=1e-9)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_stay_finite_at_the_ends_of_the_number_line(activation: gradflow.Activation) -> None:
    with np.errstate(all="ignore"):
        z = np.array([-1e300, -800.0, -0.0, 0.0, 800.0, 1e300])
        assert np.isfinite(activation.f(z)).all()
        assert np.isfinite(activation.slope(z)).all()


def test_the_normal_distribution_function_is_that_of_the_standard_library() -> None:
    z = np.linspace(-30, 30, 2001)
    exact = [0.5 * math.erfc(-value / math.sqrt(2)) for value in z]
    np.testing.assert_allclose(gradflow.activations.normal_cdf(z), exact, rtol=1e-12)


# What is measured


def _by_differences(network: gradflow.Network, layer: int, name: str, index: tuple[int, ...]) -> float:
    x, y, layers = network.sample()
    h, values = 1e-5, []
    for step in (h, -h, 2 * h, -2 * h):
        layers[layer][name][index] += step
        values.append(network.loss.value(forward(network, layers, x)[1], y))
        layers[layer][name][index] -= step
    return (8 * (values[0] - values[1]) - (values[2] - values[3])) / (12 * h)


@pytest.mark.parametrize("normalization", gradflow.NORMALIZATIONS)
def test_gradients_agree_with_differences_of_the_loss(normalization: str) -> None:
    network = gradflow.Network(
        depth=4, width=6, batch_size=9, normalization=normalization, residual="scaled", bias_scale=0.2
    )
    x, y, layers = network.sample()
    activities, outputs = forward(network, layers, x)
    for found in backward(network, layers, activities, network.loss.gradient(outputs, y)):
        for name, gradient in found.parameters.items():
            index = tuple(size // 2 for size in gradient.shape)
            assert gradient[index] == pytest.approx(
                _by_differences(network, found.layer - 1, name, index), rel=1e-6, abs=1e-10
            )


def test_the_record_has_the_shapes_that_it_documents() -> None:
    flow = gradflow.propagate(depth=6, width=10, batch_size=8, seeds=3)
    per_layer = ("mean", "std", "pre_activation", "saturated", "dead", "symmetric", "weight_norm")
    for name in (*per_layer, "activation_gradient", "weight_gradient"):
        assert getattr(flow, name).shape == (3, 6)
    for name in ("loss", "readout_gradient", "output_gradient"):
        assert getattr(flow, name).shape == (3,)
    assert flow.signal_gain.shape == flow.gradient_gain.shape == (3, 5)
    assert flow.layers.tolist() == [1, 2, 3, 4, 5, 6]
    for histograms in (flow.activation_histogram, flow.activation_gradient_histogram):
        assert histograms.counts.shape == (3, 6, 40)
        assert histograms.edges.shape == (3, 6, 41)
        assert (histograms.counts.sum(axis=-1) == 8 * 10).all()
    assert flow.weight_gradient_histogram.counts[:, 0].sum(axis=-1).tolist() == [64 * 10] * 3


def test_measurements_are_those_of_the_arrays() -> None:
    network = gradflow.Network(depth=3, width=12, batch_size=20, activation="relu", initializer="he", seed=4)
    x, y, layers = network.sample()
    activities, outputs = forward(network, layers, x)
    gradients = {g.layer: g for g in backward(network, layers, activities, network.loss.gradient(outputs, y))}
    flow = gradflow.measure(network)
    for layer, activity in enumerate(activities, start=1):
        column = (0, layer - 1)
        assert flow.mean[column] == pytest.approx(activity.leaving.mean())
        assert flow.std[column] == pytest.approx(activity.leaving.std())
        assert flow.pre_activation[column] == pytest.approx((activity.u**2).mean())
        assert flow.saturated[column] == (activity.leaving == 0).mean()
        assert flow.dead[column] == (activity.leaving == 0).all(axis=0).mean()
        assert flow.activation_gradient[column] == pytest.approx(np.linalg.norm(gradients[layer].leaving))
        assert flow.weight_gradient[column] == pytest.approx(np.linalg.norm(gradients[layer].parameters["kernel"]))
        assert flow.weight_norm[column] == pytest.approx(np.linalg.norm(layers[layer - 1]["kernel"]))
        counts, edges = np.histogram(activity.leaving, 40)
        np.testing.assert_allclose(flow.activation_histogram.edges[column], edges, atol=1e-14)
        assert np.abs(flow.activation_histogram.counts[column] - counts).sum() <= 2  # an entry on an edge
    np.testing.assert_allclose(
        flow.gradient_gain[0], flow.activation_gradient[0, :-1] / flow.activation_gradient[0, 1:], rtol=1e-12
    )


def test_each_seed_is_a_network_of_its_own_and_can_be_streamed() -> None:
    network = gradflow.Network(depth=3, width=8, seeds=3, seed=10)
    together = gradflow.measure(network)
    alone = gradflow.measure(replace(network, seeds=1, seed=12))
    np.testing.assert_array_equal(together.activation_gradient[2], alone.activation_gradient[0])
    assert len({float(loss) for loss in together.loss}) == 3
    parts = list(gradflow.stream(network))
    assert [len(part.loss) for part in parts] == [1, 2, 3]
    np.testing.assert_array_equal(parts[-1].activation_gradient, together.activation_gradient)


@settings(max_examples=40, deadline=None)
@given(
    depth=st.integers(1, 200),
    width=st.integers(2, 12),
    activation=st.sampled_from(list(gradflow.ACTIVATIONS)),
    normalization=st.sampled_from(list(gradflow.NORMALIZATIONS)),
    residual=st.sampled_from(list(gradflow.RESIDUALS)),
    sigma=st.sampled_from([0.0, 1e-300, 1e-3, 1.0, 1e3, 1e300]),
)
def test_any_network_is_measured_and_judged_without_an_error(
    depth: int, width: int, activation: str, normalization: str, residual: str, sigma: float
) -> None:
    flow = gradflow.propagate(
        depth, width, activation, gradflow.Normal(sigma), normalization, residual, batch_size=4, inputs="digits"
    )
    assert flow.activation_gradient.shape == (1, depth)
    assert gradflow.verdict(flow).endswith(".") or gradflow.verdict(flow).endswith(").")
    for cure in gradflow.cures(flow.setup):
        different = [
            f.name for f in fields(cure.network) if getattr(cure.network, f.name) != getattr(flow.setup, f.name)
        ]
        assert different == [cure.changes]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"depth": 0}, "Network: depth must be a whole number with 1 ≤ depth ≤ 200; got 0"),
        ({"width": 2000}, "width must be a whole number with 2 ≤ width ≤ 1024; got 2000"),
        ({"activation": "swish"}, "activation must be one of linear, sigmoid, .*; got 'swish'"),
        ({"initializer": 3}, "initializer must be a name or an entry of the catalogue; got 3"),
        ({"bias_scale": -1.0}, "bias_scale must be a number with 0 ≤ bias_scale; got -1.0"),
    ],
)
def test_wrong_arguments_are_refused_by_name(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        gradflow.propagate(**wrong)


def test_all_zero_weights_let_only_the_last_bias_learn() -> None:
    for activation in ("relu", "tanh", "linear"):
        flow = gradflow.propagate(4, 16, activation, "zeros")
        assert not flow.activation_gradient.any()
        assert not flow.weight_gradient.any()
        assert flow.readout_gradient[0] == 0
        assert flow.output_gradient[0] > 0
        assert "nothing but the readout's bias can learn" in gradflow.verdict(flow)


def test_equal_weights_stay_equal_through_training() -> None:
    network = gradflow.Network(
        depth=3, width=8, initializer=gradflow.Constant(0.1), inputs="digits", loss="mean_squared_error"
    )
    assert gradflow.measure(network).symmetric.all()
    assert not gradflow.propagate(3, 8).symmetric.any()
    assert "All units of a layer compute the same" in gradflow.verdict(gradflow.measure(network))
    run = gradflow.train(gradflow.Training(network, "adam", steps=20))
    assert run.loss[-1] < run.loss[0]  # it trains, but as if it were one unit wide


def test_norms_and_histograms_survive_what_squares_do_not() -> None:
    with np.errstate(over="ignore"):
        assert norm(np.array([3e200, -4e200])) == pytest.approx(5e200, rel=1e-12)
    assert norm(np.array([3e-200, -4e-200])) == pytest.approx(5e-200, rel=1e-12)
    assert norm(np.zeros(3)) == 0
    assert norm(np.array([1.0, np.inf])) == np.inf
    assert np.isnan(norm(np.array([1.0, np.nan])))
    assert histogram(np.full(7, 2.0))[0].sum() == 7
    assert not histogram(np.array([1.0, np.inf]))[0].any()


# The theory


def test_relu_is_critical_at_two_and_zero() -> None:
    relu = gradflow.ReLU()
    assert theory.MeanField(relu, 2.0, 0.0).chi == pytest.approx(1, abs=1e-12)
    assert theory.MeanField(relu, 2.0, 0.0).phase == "critical"
    assert theory.MeanField(relu, 1.9, 0.0).phase == "ordered"
    assert theory.MeanField(relu, 1.9, 0.0).fixed_point == 0
    assert theory.MeanField(relu, 2.1, 0.0).phase == "chaotic"
    assert theory.MeanField(relu, 2.1, 0.0).fixed_point == math.inf
    # q* = σ_w² q*/2 + σ_b² by hand.
    assert theory.MeanField(relu, 1.0, 0.3).fixed_point == pytest.approx(0.6, rel=1e-10)


def test_a_linear_network_is_critical_at_one() -> None:
    for weight_variance, phase in ((0.9, "ordered"), (1.0, "critical"), (1.1, "chaotic")):
        assert theory.MeanField(gradflow.Linear(), weight_variance, 0.0).phase == phase
    assert theory.MeanField(gradflow.Linear(), math.exp(-0.25), 0.0).gradient_depth == pytest.approx(4)


def test_selu_has_the_fixed_point_that_it_was_made_for() -> None:
    """Klambauer et al. (2017): mean 0 and variance 1; there the derivative of the variance map is 0.782648."""
    field = theory.MeanField(gradflow.SELU(), 1.0, 0.0)
    assert field.fixed_point == pytest.approx(1, abs=1e-10)
    h = 1e-4
    slope = (field.variance_map(1 + h) - field.variance_map(1 - h)) / (2 * h)
    assert float(slope) == pytest.approx(0.782648, abs=1e-6)


def test_the_critical_line_of_tanh_is_that_of_the_literature() -> None:
    """Schoenholz et al. (2017): it starts at (σ_w², σ_b²) = (1, 0) and passes (1.76, 0.05)."""
    weight_variance, bias_variance = theory.critical_line(gradflow.Tanh(), np.geomspace(1e-6, 10, 400))
    assert (weight_variance[0], bias_variance[0]) == pytest.approx((1, 0), abs=1e-4)
    assert np.interp(0.05, bias_variance, weight_variance) == pytest.approx(1.76, abs=0.005)
    for w, b in zip(weight_variance[::40], bias_variance[::40], strict=True):
        assert theory.MeanField(gradflow.Tanh(), float(w), float(b)).chi == pytest.approx(1, abs=1e-6)


def test_on_either_side_of_the_line_are_order_and_chaos() -> None:
    ordered = theory.MeanField(gradflow.Tanh(), 1.5, 0.05)
    chaotic = theory.MeanField(gradflow.Tanh(), 2.5, 0.05)
    assert (ordered.phase, chaotic.phase) == ("ordered", "chaotic")
    assert ordered.correlation == 1
    assert 0 < chaotic.correlation < 1
    assert chaotic.correlation_map(chaotic.correlation) == pytest.approx(chaotic.correlation, abs=1e-6)
    assert chaotic.correlation_map(1.0) == pytest.approx(1, abs=1e-6)
    assert ordered.correlation_depth == ordered.gradient_depth == pytest.approx(-1 / math.log(ordered.chi))


def test_means_agree_with_another_quadrature() -> None:
    z = np.linspace(-12, 12, 4801)  # for smooth functions the trapezoidal rule converges exponentially
    weight = np.exp(-z * z / 2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    for name in ("tanh", "sigmoid", "gelu", "silu"):
        activation = gradflow.ACTIVATIONS[name]()
        for q in (0.1, 1.0, 3.0):
            u = math.sqrt(q) * z
            assert float(theory.mean_square(activation, q)) == pytest.approx(weight @ activation.f(u) ** 2, rel=1e-12)
            assert float(theory.mean_square_slope(activation, q)) == pytest.approx(
                weight @ activation.slope(u) ** 2, rel=1e-12
            )


@pytest.mark.parametrize(
    ("activation", "initializer", "bias_scale"),
    [
        ("tanh", gradflow.Normal(0.04), 0.2),
        ("tanh", gradflow.Normal(0.08), 0.0),
        ("relu", gradflow.He(), 0.0),
        ("relu", gradflow.LeCun(), 0.5),
        ("sigmoid", gradflow.Normal(0.1), 0.3),
        ("selu", gradflow.LeCun("uniform"), 0.0),
        ("softsign", gradflow.Glorot(), 0.1),
    ],
)
def test_wide_networks_measure_what_the_theory_predicts(activation: str, initializer, bias_scale: float) -> None:
    flow = gradflow.propagate(10, 700, activation, initializer, bias_scale=bias_scale, batch_size=24, seeds=3)
    prediction = theory.predict(flow)
    np.testing.assert_allclose(flow.pre_activation.mean(axis=0), prediction.pre_activation, rtol=0.15)
    np.testing.assert_allclose(np.hypot(flow.mean, flow.std).mean(axis=0), prediction.rms, rtol=0.1)
    relative = (flow.activation_gradient / flow.activation_gradient[:, -1:]).mean(axis=0)
    np.testing.assert_allclose(relative, prediction.relative_gradient, rtol=0.15)


def test_the_theory_says_where_it_does_not_apply() -> None:
    for change in ({"normalization": "batch"}, {"residual": "plain"}, {"initializer": "zeros"}):
        with pytest.raises(ValueError, match=next(iter(change.values()))):
            theory.of_network(gradflow.Network(**change))


# Verdicts and presets


@pytest.mark.parametrize("name", gradflow.PRESETS)
def test_a_preset_does_what_it_says(name: str) -> None:
    preset = gradflow.PRESETS[name]
    flow = gradflow.measure(replace(preset.network, seeds=3))
    words = gradflow.verdict(flow)
    if preset.trend == "zero":
        assert "exactly 0" in words
    else:
        ratio = np.median(flow.activation_gradient[:, 0]) / np.median(flow.activation_gradient[:, -1])
        assert trend(ratio) == preset.trend
        assert preset.trend in words


def test_the_verdict_of_a_sigmoid_network_has_the_numbers() -> None:
    flow = gradflow.propagate(20, 100, "sigmoid", "glorot")
    ratio = flow.activation_gradient[0, 0] / flow.activation_gradient[0, -1]
    words = gradflow.verdict(flow)
    assert f"{ratio:.2g} of that at layer 20: vanishing, a factor of {ratio ** (1 / 19):.3g} a layer" in words
    assert "Sigmoid's derivative is at most 0.25." in words


def test_cures_cure_the_classic_failures() -> None:
    sick = gradflow.PRESETS["sigmoid_glorot"].network
    trends = {}
    for cure in gradflow.cures(sick):
        gradient = gradflow.measure(cure.network).activation_gradient[0]
        trends[cure.label] = trend(gradient[0] / gradient[-1])
    assert {name for name, what in trends.items() if what == "steady"} >= {"tanh", "Batch", "Plain"}


def test_cures_are_offered_in_the_order_of_what_they_do() -> None:
    sick = gradflow.PRESETS["sigmoid_glorot"].network
    found = {cure.label: cure.network for cure in gradflow.cures(sick)}
    names, curing = effects.by_effect(found, effects.imbalance, effects.imbalance(sick), effects.STEADY_DECADES)
    whole = {name: gradflow.measure(network).activation_gradient[0] for name, network in found.items()}
    trends = {name: trend(gradient[0] / gradient[-1]) for name, gradient in whole.items()}
    assert {trends[name] for name in curing} == {"steady"}
    assert set(names) == set(found)
    assert trends[names[-1]] != "steady"
    well = gradflow.Network(depth=10, activation="tanh")
    healthy = {cure.label: cure.network for cure in gradflow.cures(well)}
    assert effects.by_effect(healthy, effects.imbalance, effects.imbalance(well), effects.STEADY_DECADES)[1] == []


def test_a_training_that_breaks_down_is_cured_by_what_keeps_it_finite() -> None:
    network = gradflow.Network(depth=5, width=16, batch_size=32, activation="relu", initializer="he")
    training = gradflow.Training(network, gradflow.Training().optimizer, samples=64).with_learning_rate(10.0)
    found = {cure.label: cure.training for cure in gradflow.training_cures(training)}
    names, curing = effects.by_effect(found, effects.loss_left, effects.loss_left(training), 1.0)
    assert effects.loss_left(training) > 1.0 > effects.loss_left(found[names[0]])
    assert curing == names[: len(curing)] != []


def test_a_gated_cell_remembers_what_a_vanilla_one_forgets() -> None:
    forgets = gradflow.through_time(gradflow.RECURRENT_PRESETS["vanilla_vanishing"])
    remembers = gradflow.through_time(gradflow.RECURRENT_PRESETS["lstm_open"])
    assert forgets.factor[0] < 0.5
    assert remembers.factor[0] > 0.95
    assert "vanishing" in gradflow.recurrent_verdict(forgets)


@pytest.mark.parametrize("radius", [0.5, 1.0, 1.3])
def test_a_linear_recurrent_network_multiplies_by_its_spectral_radius(radius: float) -> None:
    setup = gradflow.Recurrent(gradflow.Vanilla("linear"), steps=40, spectral_radius=radius)
    flow = gradflow.through_time(setup)
    assert flow.spectral_radius[0, 0] == pytest.approx(radius, rel=1e-10)
    # An orthogonal matrix times ρ multiplies every vector's length by exactly ρ.
    np.testing.assert_allclose(flow.gradient["h"][0, :-1] / flow.gradient["h"][0, 1:], radius, rtol=1e-10)
    assert flow.distance.tolist() == list(range(39, -1, -1))


# The cliff


def test_gradient_of_the_cliff_agrees_with_differences() -> None:
    cliff = gradflow.Cliff(steps=12)
    theta = np.random.default_rng(2).uniform([[4], [-3]], [[6], [-2]], (2, 100))
    h = 1e-6
    for axis, step in enumerate(np.eye(2)[:, :, None] * h):
        central = (cliff.value(theta + step) - cliff.value(theta - step)) / (2 * h)
        np.testing.assert_allclose(cliff.gradient(theta)[axis], central, rtol=1e-5, atol=1e-5)
    assert cliff.value(cliff.minima[0]) == 0


def test_clipping_keeps_gradient_descent_at_the_cliff() -> None:
    thrown, kept = gradflow.descend_cliff(), gradflow.descend_cliff(clip="clipnorm")
    assert np.abs(np.diff(thrown.theta, axis=0)).max() > 10
    assert np.linalg.norm(np.diff(kept.theta, axis=0), axis=1).max() <= 0.01 + 1e-12
    assert np.linalg.norm(kept.gradient, axis=1).max() > 1000  # it met the wall all the same


# Training


def test_every_optimizer_trains_and_the_record_has_its_shapes() -> None:
    network = gradflow.Network(depth=3, width=16, batch_size=64, activation="relu", initializer="he", inputs="digits")
    for name, rule in gdviz.OPTIMIZERS.items():
        if getattr(rule, "asks", False):
            with pytest.raises(ValueError, match=name):
                gradflow.Training(network, name)
            continue
        run = gradflow.train(gradflow.Training(network, name, steps=15))
        for field in ("gradient", "used_gradient", "weight_norm", "update_ratio"):
            assert getattr(run, field).shape == (15, 4)
        assert run.dead.shape == run.activation_std.shape == (15, 3)
        assert run.breakdown is None


def test_training_starts_from_the_network_that_is_measured() -> None:
    network = gradflow.Network(depth=4, width=20, batch_size=64)
    flow = gradflow.measure(network)
    run = gradflow.train(gradflow.Training(network, steps=1, samples=64))
    np.testing.assert_allclose(run.weight_norm[0, :-1], flow.weight_norm[0], rtol=1e-12)
    np.testing.assert_allclose(np.sort(run.gradient[0, :-1]), np.sort(flow.weight_gradient[0]), rtol=1e-9)
    assert run.loss[0] == pytest.approx(flow.loss[0], rel=1e-12)


def test_the_first_number_that_is_not_finite_is_found() -> None:
    network = gradflow.Network(depth=6, width=30, activation="relu", initializer="he", inputs="digits")
    run = gradflow.train(gradflow.Training(network, gdviz.OPTIMIZERS["gradient_descent"](1e6), steps=50))
    assert run.breakdown is not None
    assert run.breakdown.step == run.steps < 50
    assert np.isfinite(run.loss[:-1]).all()
    assert f"At step {run.breakdown.step} the first number that is not finite" in gradflow.training_verdict(run)
    overflow = gradflow.Network(depth=8, width=30, activation="relu", initializer=gradflow.Normal(1e60))
    broken = gradflow.train(gradflow.Training(overflow, steps=3)).breakdown
    assert broken is not None
    flow = gradflow.measure(overflow)
    assert (broken.step, broken.what) == (1, "activation")
    assert flow.first_non_finite == ("signal", broken.layer)


def test_weights_are_clipped_after_every_step() -> None:
    network = gradflow.Network(depth=2, width=10, inputs="digits")
    run = gradflow.train(gradflow.Training(network, "adam", weight_clip=0.01, steps=5))
    shapes = network.shapes()
    for layer, shape in enumerate(shapes):
        assert (run.weight_norm[1:, layer] <= 0.01 * math.sqrt(np.prod(shape["kernel"])) + 1e-12).all()


def test_clipping_together_keeps_the_ratios_between_layers_and_by_tensor_does_not() -> None:
    network = gradflow.Network(depth=4, width=16, activation="sigmoid", inputs="digits")
    both = {}
    for name in ("clipnorm", "global_clipnorm"):
        run = gradflow.train(gradflow.Training(network, clip=gdviz.CLIPPERS[name](1e-6), steps=1))
        both[name] = run.used_gradient[0] / run.gradient[0]
        assert run.clipped.all()
    assert np.ptp(both["global_clipnorm"]) < 1e-12 * both["global_clipnorm"].max()
    assert np.ptp(both["clipnorm"]) > 0.1 * both["clipnorm"].max()


def test_training_cures_change_one_thing_each() -> None:
    training = gradflow.Training(gradflow.Network(activation="sigmoid"), "momentum")
    found = gradflow.training_cures(training)
    assert {cure.changes for cure in found} >= {"clip", "learning_rate", "initializer", "activation", "normalization"}
    assert all(cure.training != training for cure in found)
    (clipped,) = [cure.training for cure in found if cure.changes == "weight_clip"]
    assert clipped.weight_clip == 0.3
    assert not any(cure.changes == "weight_clip" for cure in gradflow.training_cures(clipped))


def test_clipping_weights_keeps_a_training_finite_that_breaks_down_without() -> None:
    network = gradflow.Network(depth=5, width=16, batch_size=32, activation="relu", initializer="he")
    training = gradflow.Training(network, gradflow.Training().optimizer, samples=64).with_learning_rate(10.0)
    cured = next(cure.training for cure in gradflow.training_cures(training) if cure.changes == "weight_clip")
    assert gradflow.train(training).breakdown is not None
    assert gradflow.train(cured).breakdown is None


def test_the_digits_are_the_digits() -> None:
    """Class counts and moments as published for the 1797 test images, and the first image, a zero."""
    _, y = gradflow.Digits().draw(np.random.default_rng(0), 1797)
    assert y.sum(axis=0).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    pixels, labels = gradflow.inputs._digits()
    raw = np.rint(pixels * 6.016787548672236 + 4.884164579855314).astype(int)
    assert raw[0].reshape(8, 8)[0].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    assert (raw.min(), raw.max(), int(labels[0])) == (0, 16, 0)


def test_the_python_code_measures_the_same_network() -> None:
    network = gradflow.Network(depth=3, width=9, activation=gradflow.LeakyReLU(0.1), normalization="rms", seed=5)
    defined: dict[str, object] = {}
    exec(gradflow.python_code(network), defined)  # the project's own text: running it is the test
    np.testing.assert_array_equal(defined["flow"].weight_gradient, gradflow.measure(network).weight_gradient)
