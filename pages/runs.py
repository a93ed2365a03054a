"""The Runs page: find runs, compare them, repeat one with a change, take them home."""

import streamlit as st

from gdviz.charts.runs import overlay
from gdviz.runs import ACTIVE, Run, Runs, StoreError
from gdviz.ui import runs as ui
from gdviz.ui import runs_compared as compared
from gdviz.ui import style, visitors
from gdviz.ui.charts import is_dark, show
from gdviz.ui.navigation import begin_page
from gdviz.ui.run_stories import stories
from gdviz.ui.runs_list import choose_from, column_control
from gdviz.ui.text import plain
from gdviz.ui.width import page_width

TRAINING_PAGE = "pages/training.py"


def compare(runs: Runs, before: list[Run], scale: ui.Scale, width: int) -> None:
    """The curves of the chosen runs, as they stand now. Where one has ended meanwhile, the whole page says so."""
    found, _ = ui.those_there(runs, [run.id for run in before])
    if [run.status for run in found] != [run.status for run in before]:
        st.rerun()
    histories = dict(zip(ui.labels(found), (compared.history(runs, run) for run in found), strict=True))
    measured = compared.quantities(list(histories.values()))
    if not measured:
        st.caption("Nothing is recorded by epoch yet.")
        return
    first = [name for name in ("loss", "val_loss") if name in measured] or measured[:1]
    wanted = st.multiselect("Curves", measured, first, key=f"runs.curves.{hash(tuple(measured))}")
    across, smoothing = compared.curve_controls()
    columns = [st.container()] if width < 720 else list(st.columns(2))
    each = width if width < 720 else width // 2 - 10
    figures = [
        overlay(
            compared.series(histories, name, across),
            name,
            across=across,
            scale=scale if "loss" in name else "linear",
            smoothing=smoothing,
            width=each,
            dark=is_dark(),
        )
        for name in wanted
    ]
    for i, figure in enumerate(figures):
        with columns[i % len(columns)]:
            show(figure, f"runs.curve.{figure.title}")
    with st.expander("The charts in words"):
        for figure in figures:
            st.markdown(f"**{plain(figure.title)}.** {plain(figure.description, 4000)}")


def one_run(runs: Runs, run: Run) -> None:
    """The actions on one run."""
    st.markdown(f"**{run.status}** · {run.epochs} epochs · {run.seconds:.1f} s of training. {plain(run.reason, 600)}")
    if run.note:
        st.markdown(f"Note: {plain(run.note, 1000)}")
    if st.button("Open in Live training", key=f"runs.open.{run.id}"):
        st.switch_page(TRAINING_PAGE, query_params={"run": run.id})
    with st.expander("Repeat with one change"):
        ui.repeat_controls(runs, run)
    with st.expander("Name and note"):
        ui.rename_form(runs, run)
    with st.expander("Download"):
        ui.downloads(runs, run)


def main(width: int) -> None:
    runs = ui.shared_runs()
    ui.follow_address()
    ui.say_what_failed()
    if runs.notice:
        st.info(runs.notice)
    stories(runs)
    search, sort, ascending, deleted = ui.list_controls(st.sidebar)
    scale = ui.scale_control(st.sidebar)
    columns = column_control(st.sidebar)
    st.sidebar.button("Reset", on_click=ui.reset, help="No search, nothing chosen.")
    ui.offer_undo(runs)
    listed = runs.search(search, sort, ascending=ascending, deleted=deleted, visitor=visitors.listed())
    if not listed:
        st.info("No run contains that." if search else "No runs are deleted." if deleted else "No runs yet.")
    if not listed and not search and not deleted:
        st.markdown(
            "A run is a training of a Keras model. Each is kept here with its curves, its model and its configuration, "
            "to be compared with others, repeated with one change, and taken home. Start two that differ in one thing, "
            "and this page says what came of it."
        )
        with st.container(horizontal=True):
            if st.button("Start a training", type="primary", key="runs.first"):
                st.switch_page(TRAINING_PAGE)
            if st.button("Let optimizers compete", key="runs.choose"):
                st.switch_page("pages/choose.py")
    ids = choose_from(runs, listed, columns) if listed else ui.chosen()
    ui.keep(ids, search, sort, scale, columns)
    if not ids:
        st.caption(f"{len(listed)} runs. Choose rows to see their curves, compare and repeat them.")
        return
    found, notes = ui.those_there(runs, ids)
    for note in notes:
        st.warning(note)
    if not found:
        return

    with st.container(horizontal=True):
        gone = [run.id for run in found if run.deleted]
        there = [run.id for run in found if not run.deleted]
        if there:
            label = f"Delete {len(there)} chosen {'run' if len(there) == 1 else 'runs'}"
            st.button(label, on_click=ui.attempt, args=(ui.delete, runs, there), key="runs.delete")
        if gone:
            st.button("Bring back", on_click=ui.attempt, args=(ui.restore, runs, gone), key="runs.restore")
        st.button("Choose none", on_click=ui.choose, args=([],), key="runs.none")

    st.subheader("Curves")
    active = any(run.status in (*ACTIVE, "queued") for run in found)
    st.fragment(compare, run_every=1.0 if active else None)(runs, found, scale, width)
    if len(found) > 1:
        st.subheader("What differs")
        try:
            st.markdown(compared.difference_table(runs, found) or "Nothing: the configurations are the same.")
        except ValueError as error:
            st.warning(plain(error))
    st.subheader("One run")
    names = dict(zip([run.id for run in found], ui.labels(found), strict=True))
    which = st.selectbox("Run", list(names), format_func=names.__getitem__, key=f"runs.one.{hash(tuple(names))}")
    try:
        one_run(runs, next(run for run in found if run.id == which))
    except ValueError as error:
        st.warning(f"This version of gdviz cannot read the run's configuration. {plain(error)}")


begin_page()
style.apply()
st.header("Runs")
st.markdown("All trainings that were ever started here: what they came to, what differs, and which was better.")
try:
    main(page_width())
except StoreError as error:
    st.error(plain(error, 1000))
    st.info("Runs are kept; once the store can be used again, reload this page.")
