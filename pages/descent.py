"""The Descent page: watch optimizers race down a landscape."""

import streamlit as st

import gdviz
from gdviz import export
from gdviz.budget import descents, surface
from gdviz.descent.trajectory import summary
from gdviz.export import report
from gdviz.ui import controls, inspector, style
from gdviz.ui.affordable import affordable
from gdviz.ui.charts import is_dark, show_surface
from gdviz.ui.folding import unfolded
from gdviz.ui.live import show_live
from gdviz.ui.navigation import begin_page
from gdviz.ui.outcomes import offer_finite_rates
from gdviz.ui.stories import story_row
from gdviz.ui.text import warn_of_link
from gdviz.ui.width import page_width


def downloads(runs: tuple[gdviz.Trajectory, ...]) -> None:
    files = {
        "CSV": ("gdviz-descent.csv", "text/csv", lambda: export.to_csv(runs)),
        "JSON": ("gdviz-descent.json", "application/json", lambda: export.to_json(runs)),
        "HTML that plays offline": ("gdviz-descent.html", "text/html", lambda: export.to_html(runs, "gdviz descent")),
    }
    for label, (name, mime, make) in files.items():
        st.download_button(f"Download {label}", make, name, mime, key=f"download.{name}", on_click="ignore")


begin_page()
style.apply()
st.header("Descent")
st.markdown(
    "Optimizers from the same start, step for step as Keras takes them. Drag the start, or click on the landscape; "
    "slide a learning rate."
)
width = page_width()

controls.EXPERIMENT.follow_address()
st.sidebar.button("Reset", on_click=controls.EXPERIMENT.reset, help="Back to the experiment that the app opens with.")
experiment = controls.experiment_controls(st.sidebar)
warn_of_link(controls.EXPERIMENT.notes)
scale = controls.loss_scale_control(st.sidebar)
controls.EXPERIMENT.keep(experiment)

story_row("descent", experiment)
with affordable(descents(experiment), "number of steps, or of optimizers that search their step"):
    runs = experiment.run()
show_live(runs, "descent", controls.take_over, scale)
st.caption(f"${experiment.landscape.formula}$")
st.caption(report.drawing_notes(runs, is_dark()))

st.subheader("What they came to")
st.markdown(report.outcome_table(runs))
st.markdown(report.reasons(runs))
offer_finite_rates(runs)
if words := unfolded("The chart in words", "words"):
    words.write(summary(runs))
if st.toggle("Surface in 3-D", key="surface"):
    with affordable(surface(runs), "number of optimizers"):
        show_surface(runs)
if st.toggle("Look into a step", key="inspect"):
    inspector.inspect_step(runs, width)
if st.toggle("Quantities against the step", key="quantities"):
    inspector.show_quantity(runs, width)
if code := unfolded("Show the code", "code"):
    code.code(export.python_code(experiment), language="python")
    code.code(export.keras_code(experiment), language="python")
if panel := unfolded("Download", "download"):
    with panel:
        downloads(runs)
