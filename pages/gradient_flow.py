"""The Gradient flow page: see gradients vanish and explode on their way through a deep network, and cure them."""

import streamlit as st

from gdviz import export, gradflow
from gdviz.charts import gradflow as charts
from gdviz.ui import network as controls
from gdviz.ui import style
from gdviz.ui.charts import is_dark, show
from gdviz.ui.navigation import begin_page
from gdviz.ui.width import page_width

begin_page()
style.apply()
st.header("Gradient flow")
st.markdown("What happens to the signal and to its gradient on their way through a deep network, before any training.")
width = page_width()
controls.preset_controls(st.sidebar)
st.sidebar.button("Reset", on_click=controls.show_again, key="network.reset")
network = controls.network_controls(st.sidebar)
for note in controls.notes():
    st.warning(f"This link could not be read in full. {note}")
controls.keep(network)
if width is None:
    st.stop()  # the browser is about to tell, and the page runs again

flow = controls.measured(network)
st.info(gradflow.verdict(flow))
layers, cures, chaos, inside = st.tabs(["Layers", "Cures", "Order and chaos", "Inside a layer"])

with layers:
    figure = charts.layers(flow, width=width, dark=is_dark())
    show(figure, "flow.layers")
    st.caption(
        "Median over the seeds, band from the smallest to the largest. "
        + (
            "Dashed: mean-field theory."
            if figure.tables["predicted"]["layer"].size
            else "Mean-field theory does not apply."
        )
    )

with cures:
    found = gradflow.cures(network)
    chosen = st.multiselect(
        "One change each",
        range(len(found)),
        format_func=lambda i: f"{found[i].changes}: {found[i].label}",
        default=range(min(2, len(found))),
        max_selections=7,
        key=f"flow.cures.{hash(network)}",
    )
    flows = {"as it is": flow}
    flows |= {f"{found[i].changes}: {found[i].label}": controls.measured(found[i].network) for i in chosen}
    compared = charts.before_and_after(flows, width=width, dark=is_dark())
    show(compared, "flow.cures")
    for name, cured in flows.items():
        st.markdown(f"- **{name}**: {charts.factor(cured)}")
    for i in chosen:
        st.button(f"Use {found[i].changes}: {found[i].label}", on_click=controls.show_again, args=(found[i].network,))

with chaos:
    try:
        diagram = charts.order_and_chaos(flow, width=min(width, 720), dark=is_dark())
    except ValueError as error:
        st.info(f"{error}")
    else:
        show(diagram, "flow.chaos")
        st.caption(diagram.description)

with inside:
    layer = st.number_input("Layer", 1, network.depth, 1, key=f"flow.layer.{network.depth}")
    histograms = {
        "activations": flow.activation_histogram,
        "gradient of the activations": flow.activation_gradient_histogram,
        "gradient of the weights": flow.weight_gradient_histogram,
    }
    for name, counts in histograms.items():
        drawn = charts.histogram(counts, int(layer), f"{name}, layer {layer}", width=min(width, 600), dark=is_dark())
        show(drawn, f"flow.histogram.{name}")
        st.caption(drawn.description)
    st.markdown(
        f"Saturated: {flow.saturated[:, int(layer) - 1].mean():.0%} of the entries. "
        f"Dead: {flow.dead[:, int(layer) - 1].mean():.0%} of the units."
    )

with st.expander("Show the code"):
    st.code(gradflow.python_code(network), language="python")
    st.code(gradflow.keras_code(network), language="python")
st.download_button(
    "Download CSV", lambda: export.flow_csv(flow), "gdviz-gradient-flow.csv", "text/csv", on_click="ignore"
)
