"""The start page: what gdviz is, a figure that moves, and three ways on."""

import streamlit as st

import gdviz
from gdviz.export import reference
from gdviz.ui import start, style
from gdviz.ui.navigation import begin_page

begin_page()
start.forward_old_links()
style.apply()
st.title("See gradient descent work")
st.markdown(
    "gdviz runs the optimizers that train neural networks, step for step as Keras does, and shows where they go, where "
    "they break, and which one suits your problem. **Drag the circle**, or slide a learning rate."
)
start.figure()
for box, door in zip(st.columns(len(start.DOORS)), start.DOORS, strict=True):
    with box.container(border=True, height="stretch"):
        start.show_door(door)
with st.expander("About gdviz"):
    st.markdown(reference.about(gdviz.__version__))
