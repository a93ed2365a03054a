"""The Gradient flow page: see gradients vanish and explode on their way through a deep network, and cure them."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from gdviz import export
from gdviz.charts import Figure
from gdviz.ui import flow as views
from gdviz.ui import flow_runs, style
from gdviz.ui import network as controls
from gdviz.ui.folding import unfolded
from gdviz.ui.navigation import begin_page
from gdviz.ui.stories import story_row
from gdviz.ui.text import warn_of_link
from gdviz.ui.width import page_width


def converted(figure: Callable[[bool], Figure], convert: Callable[[Figure], str | bytes]) -> str | bytes:
    return convert(figure(False))


def downloads(shown: views.Shown) -> None:
    for name, table in shown.tables.items():
        st.download_button(f"Download {name}.csv", table, f"{name}.csv", "text/csv", on_click="ignore")
    for name, figure in shown.figures.items():
        for kind, mime, convert in (("png", "image/png", export.to_png), ("svg", "image/svg+xml", export.to_svg)):
            st.download_button(
                f"Download {name}.{kind}",
                partial(converted, figure, convert),
                f"{name}.{kind}",
                mime,
                on_click="ignore",
            )


begin_page()
style.apply()
st.header("Gradient flow")
st.markdown("What happens to the signal and to its gradient on their way through a deep network or through time.")
width = page_width()
controls.STUDY.follow_address()
view = controls.view_control()
stories, row = st.container(), st.container(horizontal=True, vertical_alignment="bottom")
study = controls.study_controls(st.sidebar, row, view)
controls.STUDY.keep(study)
with stories:
    warn_of_link(controls.STUDY.notes)
    story_row("gradient_flow", study, {"view": view})
flow_runs.use_one_blas_thread()
shown = views.VIEWS[view](study, width)
controls.STUDY.keep(study)  # with what the view's own widgets say
if words := unfolded("The chart in words", "words"):
    for figure in shown.figures.values():
        words.write(figure(False).description)
if panel := unfolded("Show the code", "code"):
    for code in shown.code:
        panel.code(code, language="python")
if panel := unfolded("Download", "download"):
    with panel:
        downloads(shown)
