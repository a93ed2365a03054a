"""The Live training page: a real Keras model, watched and steered while it learns."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from gdviz import training
from gdviz.runs import RESUMABLE, Run, StoreError
from gdviz.runs.memory import refusal
from gdviz.training.telling import told
from gdviz.ui import own_table, style, visitors
from gdviz.ui import training as ui
from gdviz.ui import training_views as views
from gdviz.ui.folding import unfolded
from gdviz.ui.glossary import explained
from gdviz.ui.navigation import begin_page
from gdviz.ui.stories import story_row
from gdviz.ui.text import plain, warn_of_link
from gdviz.ui.training_controls import preset_controls, setup_controls
from gdviz.ui.training_preview import can_be_split, preview
from gdviz.ui.width import page_width

# How often the charts of a run under way are drawn: while a browser draws, it does not answer.
REFRESH_SECONDS, DETAILS_SECONDS = 0.8, 1.5


def watch(run: str, width: int) -> None:
    """How the run stands, and its loss and main metric. Runs by itself while the run goes on."""
    runs, view = ui.shared_jobs().runs, ui.watched(run)
    ui.say_what_failed()
    view.await_first(runs)
    now = runs.get(run)
    place = runs.place(run)
    waiting = f", place {place} in the queue" if place else ""
    st.markdown(f"**{now.status}**{waiting}: {plain(now.name)}. {plain(now.reason, 600)}")
    views.progress(now, view.live, view.pace)
    if views.is_under_way(now):
        if visitors.mine(now):
            views.steering(now)
    elif st.session_state.get("training_active") == run:
        st.session_state["training_active"] = ""
        st.rerun()
    else:
        what_it_came_to(now)
    for fault in view.live.faults[-3:]:
        st.warning(plain(fault, 600))
    if view.live.step:
        views.charts(view.live, *views.chosen(), width)
    elif views.is_under_way(now):
        st.caption("The worker prepares the data and compiles the model; the first batch follows in a moment.")


def watch_details(run: str, question: str, width: int) -> None:
    """The charts that answer a question, less often."""
    view = ui.watched(run)
    if view.live.step:
        views.details(view.live, question, *views.chosen(), width)


def what_it_came_to(run: Run) -> None:
    """The training told in a sentence, its scores, and what to try where it did not do well."""
    runs, live = jobs.runs, ui.watched(run.id).live
    if said := told(run.setup, live):
        st.markdown(said)
    for verdict in training.verdicts(run.setup, live):
        with st.container(border=True, key=f"verdict.{verdict.name}"):
            st.markdown(explained(plain(verdict.words, 600)), unsafe_allow_html=True)
            with st.container(horizontal=True):
                for change, cured in verdict.cures.items():
                    st.button(f"Try {change}", on_click=ui.start, args=(cured, runs.content(run.id)))


def afterwards(run: Run) -> None:
    """The actions on a run that has ended."""
    runs = jobs.runs
    with st.container(horizontal=True):
        if run.status in RESUMABLE and visitors.mine(run):
            kept = runs.checkpoint_file(run.id).exists()
            label = "Go on from the last checkpoint" if kept else "Begin again"
            st.button(label, on_click=ui.go_on, args=(run.id,))
        st.button("Use its configuration", on_click=ui.show_configuration, args=(run,), help="Show it in the controls.")
        if scores := views.scores(ui.watched(run.id).live):
            with st.popover("Scores on every part"):
                st.markdown(scores)
        with st.popover("Download"):
            files: dict[str, tuple[str, str, Callable[[], str | bytes]]] = {
                "history by batch (CSV)": ("gdviz-batches.csv", "text/csv", lambda: runs.history_csv(run.id, "batch")),
                "history by epoch (CSV)": ("gdviz-epochs.csv", "text/csv", lambda: runs.history_csv(run.id, "epoch")),
                "script (Python)": ("gdviz-training.py", "text/x-python", lambda: training.keras_script(run.setup)),
            }
            model = runs.model_file(run.id)
            if model.exists():
                files["model (.keras)"] = ("gdviz-model.keras", "application/octet-stream", model.read_bytes)
            for label, (name, mime, make) in files.items():
                st.download_button(f"Download {label}", make, name, mime, key=f"download.{name}", on_click="ignore")


begin_page()
style.apply()
st.header("Live training")
st.markdown("What does a real Keras model do while it learns, and what happens if you steer it meanwhile?")
width = page_width()
ui.TRAINING.follow_address()
presets = st.sidebar.container()
with st.sidebar.container(horizontal=True):
    st.button("Take over from Descent", on_click=ui.take_over_from_descent, help="Its first optimizer, all settings.")
    st.button("Reset", on_click=ui.TRAINING.reset, help="Back to the training that the page opens with.")
if (kept_run := ui.watched_id()) and ui.TRAINING.setup.data.name == ui.OWN_TABLE:
    own_table.find_again(partial(ui.table_of, kept_run))
setup = None
try:
    setup = setup_controls(st.sidebar)
    ui.keep(setup)
    preset_controls(presets)
except ValueError as error:
    st.error(plain(error))
warn_of_link(ui.TRAINING.notes)
if setup is not None:
    story_row("training", setup)

try:
    jobs = ui.shared_jobs()
except RuntimeError as error:
    st.error(plain(error))
    st.stop()
for trouble in filter(None, (jobs.trouble(), jobs.runs.notice)):
    st.info(plain(trouble))
own = setup is not None and setup.data.name == ui.OWN_TABLE
split = setup is not None and can_be_split(setup)
ready = setup is not None and split and (not own or own_table.preview(setup))
if setup is not None and (refused := refusal(setup, own_table.plan(setup))):
    st.error(plain(refused))
    ready = False
controls = st.container(horizontal=True, vertical_alignment="center")
# Not by a callback: that would be given what the controls showed before the change made last.
if controls.button("Start", type="primary", disabled=not ready) and setup is not None:
    ui.start(setup, own_table.file() if own else None)
ui.say_what_failed()

if run_id := ui.watched_id():
    try:
        current = jobs.runs.get(run_id)
        otherwise = ui.shown_otherwise(current) if setup is not None else []
    except ValueError as error:
        ui.watch(None)
        st.warning(plain(error))
        st.stop()
    except StoreError as error:  # it may be there again in a moment
        st.error(plain(error, 1000))
        st.stop()
    if otherwise:
        more = f", and {len(otherwise) - 4} more" if len(otherwise) > 4 else ""
        st.info(f"The run below is not what the controls say: {plain('; '.join(otherwise[:4]))}{more}.")
    active = views.is_under_way(current)
    st.session_state["training_active"] = current.id if active else ""
    steered = current.id if active and visitors.mine(current) else None
    with controls:
        ui.showing_faults(views.speed_control)(steered)
    # What has ended is no fragment: what is pressed in it changes the whole page.
    every = (REFRESH_SECONDS, DETAILS_SECONDS) if active else (None, None)
    parts: tuple[Callable[..., None], ...] = (watch, watch_details)
    first, second = (
        st.fragment(ui.showing_faults(draw), run_every=seconds) if active else ui.showing_faults(draw)
        for draw, seconds in zip(parts, every, strict=True)
    )
    first(current.id, width)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        question = views.question_control(current)
        views.choice_controls()
    second(current.id, question, width)
    if not active:
        ui.showing_faults(afterwards)(current)
elif setup is not None:
    with controls:
        views.speed_control(None)
    if split:
        preview(setup, width)
if setup is not None and (code := unfolded("Show the code", "training.code")) is not None:
    code.code(training.keras_script(setup), language="python")
