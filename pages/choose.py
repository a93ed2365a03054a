"""The Choose page: which optimizer for a problem, found by giving each the same tuning and several seeds."""

import streamlit as st

from gdviz.charts import comparing as charts
from gdviz.comparing.comparison import Comparison
from gdviz.comparing.presets import PRESETS
from gdviz.comparing.record import Record
from gdviz.runs.memory import refusal_of_comparison
from gdviz.runs.trials import Stored
from gdviz.training import keras_script
from gdviz.ui import choose as ui
from gdviz.ui import own_table, style, visitors
from gdviz.ui.charts import is_dark, show
from gdviz.ui.choose_landscapes import landscapes
from gdviz.ui.navigation import begin_page
from gdviz.ui.stories import story_row
from gdviz.ui.text import plain, warn_of_link
from gdviz.ui.training import OWN_TABLE, showing_faults
from gdviz.ui.width import page_width

TRAINING_PAGE = "pages/training.py"
VIEWS = ("Expected best", "Learning rates", "Repeats", "Learning curves", "All numbers")
REFRESH_SECONDS = 1.0


def answer(id: str, status: str, width: int) -> None:
    """The findings as they stand. Runs by itself while the comparison goes on."""
    stored, found = ui.shared_comparisons().get(id), ui.record(id)
    if stored.status != status:
        st.rerun()
    ui.progress(stored, found)
    if stored.status == "running" and (trouble := ui.shared_comparisons().jobs.trouble()):
        st.warning(plain(f"{trouble} The comparison goes on by itself as soon as it can; nothing is lost."))
    if stored.status == "failed":
        st.error(plain(stored.reason, 600))
    st.info(plain(found.sentence, 1500))
    if not found.counts[0]:
        return  # a frame without a curve says nothing
    view = st.segmented_control("Show", VIEWS, default=VIEWS[0], key="choose.view") or VIEWS[0]
    picture(found, view, width)


def picture(found: Record, view: str, width: int) -> None:
    """One view of the findings, and what it says in words."""
    dark = is_dark()
    if view == "All numbers":
        numbers(found)
        return
    if view == "Learning curves":
        labels = found.comparison.labels
        name = st.selectbox("Optimizer", found.names, format_func=labels.__getitem__, key="choose.curves")
        figure = charts.curves(found, name, width=width, dark=dark)
    else:
        draw = {"Learning rates": charts.sensitivity, "Repeats": charts.repeats}.get(view, charts.expected_best)
        figure = draw(found, width=width, dark=dark)
    show(figure, f"choose.{view}")
    st.caption(CAPTIONS[view])
    with st.expander("The chart in words"):
        st.markdown(plain(figure.description, 4000))


CAPTIONS = {
    "Expected best": "The best validation score to be expected after so many trials; bands: 95 % by bootstrap. "
    "A curve that is high from the beginning belongs to an optimizer that is easy to tune.",
    "Learning rates": "Each point is a trial. The wider the plateau, the easier the learning rate is found. "
    "Crosses at the lower edge: diverged.",
    "Repeats": "Each circle is a training of the best settings with a fresh seed, judged on the test part, which "
    "played no part in choosing. Bars: mean, and its 95 % interval by bootstrap.",
    "Learning curves": "One line a trial of the search, by its learning rate.",
}


def numbers(found: Record) -> None:
    """The tables."""
    from gdviz.export.comparison import difference_table, entrant_table

    links = ui.in_reference(found)
    st.markdown(ui.markdown_table(*entrant_table(found), links))
    margin = charts.margin_words(found)
    st.caption(f"Usable decades: learning rates in a row that come within {margin} of the optimizer's own best.")
    if len(found.judged) > 1:
        st.markdown("**Differences from the best**, by Welch's test, corrected for the number of pairs (Bonferroni)")
        st.markdown(ui.markdown_table(*difference_table(found), links))


def take_home(stored: Stored, found: Record) -> None:
    """The actions on the findings."""
    from gdviz.export.comparison import comparison_html

    winner = found.winner()
    st.subheader("Take it home")
    with st.container(horizontal=True):
        st.download_button(
            "Report (HTML)", lambda: comparison_html(found), "gdviz-comparison.html", "text/html", on_click="ignore"
        )
        st.download_button("All trials (CSV)", found.to_csv, "gdviz-comparison.csv", "text/csv", on_click="ignore")
        if winner is not None:
            st.download_button(
                f"{winner.optimizer.label} as tuned (Keras code)",
                lambda: keras_script(winner),
                "gdviz-best.py",
                "text/x-python",
                on_click="ignore",
            )
    if winner is None:
        return
    if st.button(f"Open {winner.optimizer.label} as tuned in Live training", key="choose.open_best"):
        if content := ui.table_of(stored.id):
            own_table.give(content)
        st.switch_page(TRAINING_PAGE, query_params=winner.to_link())
    with st.expander("Open one of its trainings"):
        trainings = {t.run: t for t in (*found.tests, *found.trials) if t.run}
        labels = found.comparison.labels

        def name(run: str) -> str:
            trial = trainings[run]
            what = f"trial {trial.number + 1}" if trial.repeat is None else f"repeat {trial.repeat + 1}"
            return f"{labels[trial.entrant]}, {what}, learning rate {trial.learning_rate:.3g}"

        run = st.selectbox("Training", list(trainings), format_func=name, key=f"choose.open.{stored.id}")
        if run and st.button("Show its curves"):
            st.switch_page(TRAINING_PAGE, query_params={"run": run})
    with st.expander(f"Show the code of {winner.optimizer.label} as tuned"):
        st.code(keras_script(winner), language="python")


def configuration() -> Comparison | None:
    """The problem, the entrants and the budget; None where they do not go together, which is said where it is."""
    st.subheader("1 The problem")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        titles = ["Your own settings", *PRESETS]
        current = next((title for title, preset in PRESETS.items() if preset == ui.CHOOSE.setup), titles[0])
        st.session_state["choose.preset"] = current
        st.selectbox("Start from", titles, key="choose.preset", on_change=ui.use_preset)
        st.button("Take data and model of Live training", on_click=ui.take_over_training)
    try:
        problem = ui.problem_controls(st.container())
    except ValueError as error:
        st.error(plain(error, 600))
        return None
    st.subheader("2 Who takes part, and for how much")
    try:
        entrants = ui.entrant_controls(st.container(), problem)
        budget, metric, target = ui.budget_controls(st.container(), problem)
        return Comparison(problem, entrants, budget, metric, target)
    except ValueError as error:
        st.error(plain(error, 600))
        return None


def begin(comparison: Comparison | None) -> None:
    """The button that begins, and what it will take."""
    own = comparison is not None and comparison.problem.data.name == OWN_TABLE
    ready = comparison is not None and (not own or own_table.preview(comparison.problem))
    if comparison is not None and (refused := refusal_of_comparison(comparison, own_table.plan(comparison.problem))):
        st.error(plain(refused))
        ready = False
    if comparison is not None:
        ui.keep(comparison)
        st.caption(plain(ui.estimate(comparison), 600))
    # Not by a callback: that would be given what the controls showed before the change made last.
    if st.button("Compare", type="primary", disabled=not ready) and comparison:
        ui.start(comparison, own_table.file() if own else None)
        st.rerun()


def watched(id: str, width: int) -> None:
    """The comparison that was begun, in this session or by whoever shared the link."""
    st.subheader("3 The answer")
    try:
        stored = ui.shared_comparisons().get(id)
    except ValueError as error:
        st.warning(plain(error))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(stored.name)}**: {stored.status}")
        if not visitors.mine(stored):
            st.caption("Another visitor's: it can be looked at, not changed.")
        elif stored.status == "running":
            st.button("Stop", on_click=ui.attempt, args=("stop", id))
        elif stored.status in ("stopped", "failed"):
            st.button("Go on", on_click=ui.attempt, args=("go_on", id))
        elif not stored.comparison.budget.halving:
            more = 2 * stored.comparison.budget.trials
            st.button(
                f"Try more: {more} trials each",
                on_click=ui.attempt,
                args=("more_trials", id, more),
                disabled=more > 256,
            )
    active = stored.status == "running"
    st.fragment(showing_faults(answer), run_every=REFRESH_SECONDS if active else None)(id, stored.status, width)
    if not active:
        take_home(stored, ui.record(id))


def models(width: int) -> None:
    """The question for a Keras model: the problem, the entrants and the budget, the answer."""
    ui.CHOOSE.follow_address()
    warn_of_link(ui.CHOOSE.notes)
    try:
        jobs = ui.shared_comparisons().jobs
    except RuntimeError as error:
        st.error(plain(error, 600))
        return
    if trouble := jobs.trouble():
        st.info(plain(trouble))
    jobs.prepare()
    stories = st.container()
    if ui.watched_id() and ui.CHOOSE.setup.problem.data.name == OWN_TABLE:
        own_table.find_again(lambda: ui.table_of(ui.watched_id()))
    begin(configuration())
    with stories:  # after the controls, which say what the page is set to
        story_row("choose", ui.CHOOSE.setup)
    if refused := st.session_state.pop("choose_error", None):
        st.error(plain(refused, 600))
    if ui.watched_id():
        showing_faults(watched)(ui.watched_id(), width)
    else:
        st.caption("The answer will stand here: who is best, who cannot be told apart, how easy each is to tune.")


begin_page()
style.apply()
st.header("Choose")
st.markdown(
    "Which optimizer for my problem? Each gets the same tuning and several seeds; the answer says how sure it is."
)
QUESTIONS = {"A Keras model": models, "Landscapes": landscapes}
asked = ui.question_control(list(QUESTIONS))
QUESTIONS[asked](page_width())
