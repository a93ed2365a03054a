"""What each view of the Gradient flow page shows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

import gdviz.charts
from gdviz import budget, export, gradflow
from gdviz.charts import Figure, dynamics, recurrent
from gdviz.charts import gradflow as charts
from gdviz.charts.training import curves
from gdviz.gradflow import GradientFlow, Network, RecurrentFlow, TrainingRun, effects
from gdviz.gradflow.study import Study
from gdviz.ui import flow_cures, flow_runs, widgets
from gdviz.ui import network as controls
from gdviz.ui.charts import is_dark, show
from gdviz.ui.network import STUDY


@dataclass(frozen=True)
class Shown:
    """What a view came to, to be read, downloaded and reproduced."""

    figures: Mapping[str, Callable[[bool], Figure]] = field(default_factory=dict)
    """By file name; given whether the ground is dark."""
    tables: Mapping[str, Callable[[], str]] = field(default_factory=dict)
    """CSV, by file name."""
    code: Sequence[str] = ()


class Place:
    """One element of the page, in whose place later ones are put.

    ``st.empty()`` would stand there first: what the page showed before would vanish for a moment, at every change.
    """

    def __init__(self, at: Any = st) -> None:
        """Begin at the end of a part of the page, or of all of it."""
        self._at = at

    def put(self, draw: Callable[[Any], Any]) -> None:
        """Draw with what has Streamlit's functions: the page, and then the element itself."""
        self._at = draw(self._at)


# Views --------------------------------------------------------------------------------------------------------------


def layers(study: Study, width: int) -> Shown:
    """Signal and gradients in each layer."""
    words, chart, caption = Place(), Place(), Place()
    for (flow,) in flow_runs.streamed([study.network]):
        figure = charts.layers(flow, width=width, dark=is_dark())
        told = _seeds_words(flow) + charts.theory_words(flow)
        words.put(partial(_info, gradflow.verdict(flow)))
        if not len(figure.tables["measured"]["layer"]):
            chart.put(partial(_caption, "Nothing is drawn: there is no number here but 0 and what is not finite."))
            continue
        chart.put(partial(_chart, figure, "flow.layers"))
        caption.put(partial(_caption, told))
    return Shown(
        {"gdviz-layers": lambda dark: charts.layers(flow, width=width, dark=dark)},
        {"gdviz-layers": lambda: export.flow_csv(flow)},
        _network_code(study.network),
    )


def cures(study: Study, width: int) -> Shown:
    """The network beside one with one change."""
    found = {f"{cure.changes}: {cure.label}": cure for cure in gradflow.cures(study.network)}
    called = {name: flow_cures.called(cure) for name, cure in found.items()}
    left = {name: cure.network for name, cure in found.items()}
    tried = flow_runs.cures_by_effect(
        left, study.network, effects.imbalance, lambda n: budget.propagation(effects.few(n))
    )
    names, curing = (tried.names, tried.curing) if tried else (list(found), [])
    # The best of each kind: two that change the same teach less.
    kinds = {found[name].changes: name for name in reversed(curing)}
    first = [name for name in curing if name in kinds.values()][:2]
    whys = {name: cure.why for name, cure in found.items()}
    chosen = flow_cures.choose("cures", names, first, flow_cures.why_none(tried), whys, called)
    shown = [flow_cures.AS_IT_IS, *(called[name] for name in chosen)]
    networks = [study.network, *(found[name].network for name in chosen)]
    words, chart, told = Place(), Place(), Place()
    flows: dict[str, GradientFlow] = {}
    for measured in flow_runs.streamed(networks):
        flows = dict(zip(shown, measured, strict=True))
        words.put(partial(_info, gradflow.verdict(measured[0])))
        chart.put(partial(_chart, charts.before_and_after(flows, width=width, dark=is_dark()), "flow.cures"))
        told.put(partial(_list, {name: charts.factor(flow) for name, flow in flows.items()}))
    flow_cures.use_buttons(chosen, lambda name: controls.show_network(found[name].network), called)
    return Shown(
        {"gdviz-cures": lambda dark: charts.before_and_after(flows, width=width, dark=dark)},
        {"gdviz-cures": lambda: export.table_csv(charts.before_and_after(flows).tables["relative"])},
        _network_code(study.network),
    )


def chaos(study: Study, width: int) -> Shown:
    """The network between order and chaos; where theory does not apply, what was measured."""
    words, chart, caption = Place(), Place(), Place()
    figure: Callable[[GradientFlow, bool], Figure] = lambda flow, dark: charts.order_and_chaos(  # noqa: E731
        flow, width=min(width, 720), dark=dark
    )
    for (flow,) in flow_runs.streamed([study.network]):
        words.put(partial(_info, gradflow.verdict(flow)))
        try:
            diagram = figure(flow, is_dark())
        except ValueError as error:
            chart.put(partial(_info, f"No diagram: {error}. {charts.gain_words(flow)}"))
            continue
        chart.put(partial(_chart, diagram, "flow.chaos"))
        caption.put(partial(_caption, diagram.description))
    try:
        tables = figure(flow, False).tables
    except ValueError:
        return Shown(tables={"gdviz-layers": lambda: export.flow_csv(flow)}, code=_network_code(study.network))
    return Shown(
        {"gdviz-order-and-chaos": lambda dark: figure(flow, dark)},
        {"gdviz-order-and-chaos": lambda: export.table_csv(tables["line"])},
        _network_code(study.network),
    )


def inside(study: Study, width: int) -> Shown:
    """Histograms of one layer."""
    depth = study.network.depth
    asked = (STUDY.looked_at("layer") or ["1"])[0]
    name = STUDY.key(f"layer.{depth}")
    first = widgets.first_value(
        name, min(int(asked), depth) if asked.isascii() and asked.isdigit() and int(asked) else 1
    )
    layer = int(st.number_input("Layer", 1, depth, first, key=name))
    STUDY.look_at("layer", layer)
    words, told = Place(), Place()
    across = len(charts.HISTOGRAMS) if width >= 900 else 1
    each = min(width // across - 16, 600)
    places = [(Place(box), Place(box)) for box in _boxes(len(charts.HISTOGRAMS), across)]
    for (flow,) in flow_runs.streamed([study.network]):
        words.put(partial(_info, gradflow.verdict(flow)))
        for what, (chart, caption) in zip(charts.HISTOGRAMS, places, strict=True):
            drawn = _histogram(flow, what, layer, each, is_dark())
            chart.put(partial(_chart, drawn, f"flow.histogram.{what}"))
            caption.put(partial(_caption, drawn.description))
        shares = flow.saturated[:, layer - 1].mean(), flow.dead[:, layer - 1].mean()
        told.put(partial(_caption, f"Saturated: {shares[0]:.0%} of the entries. Dead: {shares[1]:.0%} of the units."))
    figures = {
        f"gdviz-layer-{layer}-{what.replace(' ', '-')}": partial(_histogram, flow, what, layer, min(width, 600))
        for what in charts.HISTOGRAMS
    }
    tables = {
        file: partial(_histogram_csv, flow, what, layer) for file, what in zip(figures, charts.HISTOGRAMS, strict=True)
    }
    return Shown(figures, tables, _network_code(study.network))


def _histogram(flow: GradientFlow, what: str, layer: int, width: int, dark: bool) -> Figure:
    return charts.histogram(flow, what, layer, width=width, dark=dark)


def _histogram_csv(flow: GradientFlow, what: str, layer: int) -> str:
    return export.table_csv(charts.histogram(flow, what, layer).tables["bins"])


def training(study: Study, width: int) -> Shown:
    """A training run that plays, and the same with one change each."""
    found = {f"{cure.changes}: {cure.label}": cure for cure in gradflow.training_cures(study.training)}
    called = {name: flow_cures.called(cure) for name, cure in found.items()}
    quantity = _choose_quantity()
    (run,) = flow_runs.trained([study.training])
    st.info(gradflow.training_verdict(run))
    show(dynamics.training(run, quantity, width=width, dark=is_dark()), "flow.training")
    st.caption(_training_words(run, quantity))
    left = {name: cure.training for name, cure in found.items()}
    tried = flow_runs.cures_by_effect(
        left,
        study.training,
        effects.loss_left,
        lambda training: budget.training(effects.first_steps(training)),
        lambda left: 0.5 * min(left, 1.0),
    )
    names, curing = (tried.names, tried.curing) if tried else (list(found), [])
    whys = {name: cure.why for name, cure in found.items()}
    said = "In the first steps, no change alone does much better." if tried else flow_cures.UNTRIED
    chosen = flow_cures.choose("training_cures", names, curing[:1], said, whys, called)
    runs = {flow_cures.AS_IT_IS: run}
    figures: dict[str, Callable[[bool], Figure]] = {
        "gdviz-training": lambda dark: dynamics.training(run, quantity, width=width, dark=dark)
    }
    tables = {"gdviz-training": lambda: export.training_csv(run)}
    if chosen:
        cured = flow_runs.trained([study.training, *(found[name].training for name in chosen)])
        runs |= {called[name]: made for name, made in zip(chosen, cured[1:], strict=True)}
        losses = partial(_losses, runs, width)
        show(losses(is_dark()), "flow.training.cures")
        _list({name: gradflow.training_verdict(run) for name, run in runs.items()}, st)
        flow_cures.use_buttons(
            chosen, lambda name: STUDY.show_again(replace(study, training=found[name].training)), called
        )
        figures["gdviz-training-cures"] = losses
        tables["gdviz-training-cures"] = lambda: export.table_csv(losses(False).tables["curves"])
    code = [gradflow.training_python_code(study.training)]
    try:
        code.append(gradflow.training_keras_code(study.training))
    except ValueError as error:
        code.append(f"# {error}")
    return Shown(figures, tables, code)


def _losses(runs: Mapping[str, TrainingRun], width: int, dark: bool) -> Figure:
    series = {name: (range(1, run.steps + 1), run.loss.tolist()) for name, run in runs.items()}
    return curves(series, "step", "loss", scale="log", width=min(width, 1100) - 20, dark=dark)


def through_time(study: Study, width: int) -> Shown:
    """The gradient on its way back through time, and with one change each."""
    setup = study.recurrent
    found = {gradflow.recurrent_label(cure, setup): cure for cure in gradflow.recurrent_cures(setup)}
    words, chart = Place(), Place()
    for seeds in sorted({1, setup.seeds}):  # one first, because it is there sooner
        flow = flow_runs.through_time(replace(setup, seeds=seeds))
        words.put(partial(_info, gradflow.recurrent_verdict(flow)))
        chart.put(partial(_chart, recurrent.through_time(flow, width=width, dark=is_dark()), "flow.recurrent"))
    st.caption("Median over the seeds, band from the smallest to the largest. Zeros are not drawn.")
    tried = flow_runs.cures_by_effect(
        found, setup, effects.recurrent_imbalance, lambda r: budget.through_time(effects.few(r))
    )
    names, curing = (tried.names, tried.curing) if tried else (list(found), [])
    chosen = flow_cures.choose("recurrent_cures", names, curing[:2], flow_cures.why_none(tried))
    flows = {flow_cures.AS_IT_IS: flow, **{name: flow_runs.through_time(found[name]) for name in chosen}}
    compared = partial(_recurrent_compared, flows, width)
    show(compared(is_dark()), "flow.recurrent.cures")
    _list({name: gradflow.recurrent_verdict(flow) for name, flow in flows.items()}, st)
    flow_cures.use_buttons(chosen, lambda name: STUDY.show_again(replace(study, recurrent=found[name])))
    return Shown(
        {
            "gdviz-recurrent": lambda dark: recurrent.through_time(flow, width=width, dark=dark),
            "gdviz-recurrent-cures": compared,
        },
        {
            "gdviz-recurrent": lambda: export.recurrent_csv(flow),
            "gdviz-recurrent-cures": lambda: export.table_csv(compared(False).tables["curves"]),
        },
        [gradflow.recurrent_python_code(setup), gradflow.recurrent_code(setup)],
    )


def _recurrent_compared(flows: Mapping[str, RecurrentFlow], width: int, dark: bool) -> Figure:
    return recurrent.before_and_after(flows, width=width, dark=dark)


def cliff(study: Study, width: int) -> Shown:
    """Two runs down the cliff, without and with clipping."""
    runs = flow_runs.down_the_cliff(study.cliff)
    figure = partial(_cliff_figure, runs, width)
    show(figure(is_dark()), "flow.cliff")
    ground = next(iter(runs.values())).setup.landscape
    st.caption(f"${ground.formula}$, with x = w and y = b. One recurrent unit; at the wall its fixed points split.")
    _list({name: _cliff_words(run) for name, run in runs.items()}, st)
    return Shown(
        {"gdviz-cliff": figure},
        {"gdviz-cliff": lambda: export.to_csv(list(runs.values()), list(runs))},
        [gradflow.cliff_python_code(study.cliff)],
    )


def _cliff_figure(runs: Mapping[str, gdviz.Trajectory], width: int, dark: bool) -> Figure:
    return gdviz.charts.descent(list(runs.values()), names=list(runs), width=width - 20, dark=dark)


def _cliff_words(run: gdviz.Trajectory) -> str:
    with np.errstate(all="ignore"):
        lengths = np.linalg.norm(np.diff(run.theta, axis=0), axis=1)
    longest = int(np.nanargmax(lengths)) if np.isfinite(lengths).any() else 0
    steepest = np.linalg.norm(run.gradient[longest])
    return (
        f"the longest step is number {longest + 1}, {lengths[longest]:.3g} long, where the gradient's norm is "
        f"{steepest:,.3g}. {run.reason}"
    )


VIEWS: dict[str, Callable[[Study, int], Shown]] = {
    "layers": layers,
    "cures": cures,
    "chaos": chaos,
    "inside": inside,
    "training": training,
    "recurrent": through_time,
    "cliff": cliff,
}


# Parts of views -----------------------------------------------------------------------------------------------------


def _info(text: str, at: Any) -> Any:
    return at.info(text)


def _caption(text: str, at: Any) -> Any:
    return at.caption(text)


def _list(lines: Mapping[str, str], at: Any) -> Any:
    return at.markdown("\n".join(f"- **{name}**: {text}" for name, text in lines.items()))


def _chart(figure: Figure, key: str, at: Any) -> Any:
    return show(figure, key, at=at)


def _network_code(network: Network) -> list[str]:
    return [gradflow.python_code(network), gradflow.keras_code(network)]


def _boxes(count: int, across: int) -> list[Any]:
    """Places for as many figures, side by side or one below another."""
    return list(st.columns(across)) if across > 1 else [st] * count


def _choose_quantity() -> str:
    asked = (STUDY.looked_at("quantity") or [""])[0]
    names = list(dynamics.QUANTITIES)
    first = widgets.first_value("flow.quantity", asked if asked in names else "gradient")
    quantity = st.selectbox(
        "Quantity", names, names.index(first), format_func=dynamics.QUANTITIES.__getitem__, key="flow.quantity"
    )
    STUDY.look_at("quantity", quantity)
    return str(quantity)


def _seeds_words(flow: GradientFlow) -> str:
    seeds = len(flow.mean)
    return (
        f"Median over {seeds} seeds, band from the smallest to the largest. " if seeds > 1 else ""
    ) + "Zeros are not drawn. "


def _training_words(run: TrainingRun, quantity: str) -> str:
    drawn = len(dynamics.drawn_steps(run))
    sentences = [f"Colour: {dynamics.QUANTITIES[quantity]}, {'linear' if quantity == 'dead' else 'logarithmic'}."]
    values = getattr(run, quantity)
    if quantity != "dead" and (values == 0).any():
        sentences.append("Grey: exactly 0.")
    if not np.isfinite(values).all():
        sentences.append("Red: not finite.")
    if run.breakdown:
        sentences.append(f"✕: the first number that is not finite, at step {run.breakdown.step}.")
    if drawn < run.steps:
        sentences.append(f"Of {run.steps} steps, {drawn} are drawn; the download has all.")
    return " ".join(sentences)
