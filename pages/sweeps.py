"""The Sweeps page: where an optimizer works, and where it breaks."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from gdviz.charts import Figure
from gdviz.charts import sweeps as charts
from gdviz.charts.clicks import PICK
from gdviz.descent.experiment import Experiment
from gdviz.sweeps import studies
from gdviz.ui import style, widgets
from gdviz.ui import sweeps as ui
from gdviz.ui.charts import is_dark, show
from gdviz.ui.controls import EXPERIMENT
from gdviz.ui.navigation import begin_page, link_to
from gdviz.ui.stories import story_row
from gdviz.ui.text import warn_of_link
from gdviz.ui.width import page_width


def open_at_click(key: str) -> None:
    picked = st.session_state[key].selection.get(PICK)
    if picked:
        ui.open_from((picked[0]["x"], picked[0]["y"]))


def panels(count: int, width: int) -> tuple[int, list[DeltaGenerator]]:
    """How many panels stand side by side, in rows as even as can be, and their places."""
    rows = -(-count // max(1, width // 300))
    across = -(-count // rows)
    return across, [box for _ in range(rows) for box in st.columns(across)]


def basins(experiment: Experiment, width: int, controls: DeltaGenerator) -> dict[str, str]:
    runs = experiment.descents()
    live = ui.live_basins(runs)
    st.caption(
        f"{'Slide a learning rate, and the basins follow. ' if live else ''}Each point is a start. A colour a minimum, "
        "fading the longer the way; grey: unfinished or stalled; black, or white on black: diverged. Click on a point "
        "to open that run on the Descent page."
    )
    left, right = st.columns([1, 3], vertical_alignment="bottom")
    grids = {str(n): f"{n} x {n} starts" for n in ui.SIDES}
    side = int(ui.choice(left, "Counted on the server", "side", grids, "96"))
    told = right.empty()
    ui.stop_here_if_asked()
    across, places = panels(len(runs), width)
    found, figures = [], {}
    for k, (place, descent) in enumerate(zip(places, runs, strict=False)):
        name = f"{k + 1} {descent.optimizer.label}"
        place.markdown(f"**{name}**, η = {descent.optimizer.learning_rate:.3g}")
        chart, bar, stop = place.empty(), place.empty(), place.empty()
        key = f"basins.{k}"
        for part, made in enumerate(ui.basins(descent, side)):
            figures[name] = charts.basins(made, width=width // across - 16, dark=is_dark())
            if made.done < 1:
                show(figures[name], f"{key}.growing", at=chart)
                bar.progress(made.done, f"{made.done:.0%} of the starts; {made.success:.0%} of these reach a minimum")
                if part == 0:
                    ui.stop_button(stop, f"basins.{k}")
        bar.empty()
        stop.empty()
        show(figures[name], key, partial(open_at_click, key), at=chart)
        found.append(made)
    told.info(studies.basins_finding(found))
    st.markdown(ui.basins_table([f"{k + 1} {widgets.linked(run.optimizer)}" for k, run in enumerate(runs)], found))
    x, y = np.meshgrid(found[0].x, found[0].y)
    columns: dict[str, NDArray[Any]] = {"x": x.ravel(), "y": y.ravel()}
    for name, one in zip(figures, found, strict=True):
        columns |= {f"{name} place": one.place.ravel(), f"{name} loss": one.loss.ravel()}
        columns |= {f"{name} steps": one.steps.ravel()}
    finish(
        experiment,
        "basins",
        columns,
        figures,
        f"""for run in runs:
    *_, found = studies.basins(run.setup, {side})
    print(studies.basins_finding([found]))""",
    )
    return {"side": str(side)}


def window(experiment: Experiment, width: int, controls: DeltaGenerator) -> dict[str, str]:
    low, high = ui.decades(controls)
    ui.stop_here_if_asked()
    found = [ui.window(descent, low, high) for descent in experiment.descents()]
    st.info(studies.window_finding(found))
    figure = charts.windows(found, width=width, dark=is_dark())
    show(figure, "sweep.window")
    st.caption(
        "Median over 16 starts, band from the first to the third quartile. Upright, dotted: the limit of stability, in "
        f"theory.{charts.beyond_words(found, figure)}"
    )
    st.markdown(ui.window_table(found))
    finish(
        experiment,
        "window",
        figure.tables["values"],
        {"window": figure},
        f"""import numpy as np
rates = np.geomspace(1e{low}, 1e{high}, {12 * (high - low) + 1})
print(studies.window_finding([studies.window(run.setup, rates) for run in runs]))""",
    )
    return {"decades": f"{low},{high}"}


def hyperparameters(experiment: Experiment, width: int, controls: DeltaGenerator) -> dict[str, str]:
    runs = experiment.descents()
    names = {str(k): f"{k + 1} {run.optimizer.label}" for k, run in enumerate(runs)}
    several = [k for k, run in enumerate(runs) if len(ui.number_knobs(run)) > 1] or [0]
    which = ui.choice(controls, "Optimizer", "optimizer", names, str(several[0]))
    descent = runs[int(which)]
    knobs = ui.number_knobs(descent)
    if len(knobs) < 2:
        st.info(f"{descent.optimizer.label} has one hyperparameter: see the learning-rate window.")
        return {"optimizer": which}
    column = ui.choice(controls, "Across", "columns", knobs, next(iter(knobs)))
    left = {name: text for name, text in knobs.items() if name != column}
    row = ui.choice(controls, "Upwards", "rows", left, next(iter(left)))
    ui.stop_here_if_asked()
    found = ui.hyperparameter_map(descent, column, row)
    st.info(studies.map_finding(found))
    quantities = ["steps", "loss", *(["theory"] if found.theory is not None else [])]
    across, places = panels(len(quantities), width)
    figures = {}
    for quantity, place in zip(quantities, places, strict=False):
        with place:
            figure = figures[quantity] = charts.heatmap(found, quantity, width=width // across - 16)
            st.markdown(f"**{figure.title}**")
            show(figure, f"sweep.map.{quantity}")
            st.caption(figure.description)
    st.markdown(ui.map_table(found))
    x, y = np.meshgrid(found.x, found.y)
    columns = {
        column: x.ravel(),
        row: y.ravel(),
        "status": found.ends.status,
        "loss": found.ends.loss,
        "steps_to_converge": found.ends.steps_to_converge,
    }
    finish(
        experiment,
        "map",
        columns,
        figures,
        f"""import numpy as np
values = {{
    {column!r}: np.array({found.x.tolist()!r}),
    {row!r}: np.array({found.y.tolist()!r}),
}}
print(studies.map_finding(studies.hyperparameter_map(runs[{which}].setup, values)))""",
    )
    return {"optimizer": which, "columns": column, "rows": row}


def sensitivity(experiment: Experiment, width: int, controls: DeltaGenerator) -> dict[str, str]:
    runs = experiment.descents()
    what = ui.choice(controls, "What changes", "what", ui.sensitive(runs[0]), "start")
    ui.stop_here_if_asked()
    found = [ui.sensitivity(descent, what) for descent in runs]
    st.info(studies.sensitivity_finding(found))
    figure = charts.sensitivities(found, width=width, dark=is_dark())
    show(figure, f"sweep.sensitivity.{what}")
    st.caption(f"Median over the runs, band from the first to the third quartile.{charts.beyond_words(found, figure)}")
    with st.expander("The numbers"):
        st.markdown(ui.sensitivity_table(found))
    finish(
        experiment,
        "sensitivity",
        figure.tables["values"],
        {"sensitivity": figure},
        f"""import numpy as np
values = np.array({ui.tried(runs[0], what).tolist()!r})
print(studies.sensitivity_finding([studies.sensitivity(run.setup, {what!r}, values) for run in runs]))""",
    )
    return {"what": what}


def finish(
    experiment: Experiment, name: str, columns: Mapping[str, Any], figures: dict[str, Figure], lines: str
) -> None:
    with st.expander("Show the code"):
        st.code(ui.code(experiment, lines), language="python")
    with st.expander("Download"):
        ui.downloads(name, columns, figures)


begin_page()
if st.session_state.pop("open_descent", False):
    st.switch_page("pages/descent.py")
style.apply()
st.header("Sweeps")
st.markdown("Where does it work, and where does it break? Many runs of the experiment that the Descent page describes.")
width = page_width()
EXPERIMENT.follow_address()
stories, heading, controls = st.container(), st.container(), st.container(horizontal=True, vertical_alignment="bottom")
mode = ui.choice(controls, "Picture", "mode", ui.MODES, "basins", width=240)
experiment = ui.with_steps(controls, EXPERIMENT.setup)
with stories:
    warn_of_link([*EXPERIMENT.notes, *ui.notes()])
    story_row("sweeps", experiment, {"mode": mode})
with heading:
    st.subheader(f"{ui.MODES[mode]}: {experiment.landscape.label}, {experiment.steps} steps")
with controls:
    link_to("Descent", "Change the experiment")
draw = {"basins": basins, "window": window, "map": hyperparameters, "sensitivity": sensitivity}[mode]
ui.keep(experiment, {"mode": mode, **draw(experiment, width, controls)})
