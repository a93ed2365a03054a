"""The least that a Streamlit page with a control and a chart can be: what the app's pages are measured against."""

import streamlit as st

height = st.slider("height", 1, 100, 50)
rows = [{"x": x, "y": height * x * x} for x in range(100)]
chart = {
    "data": {"values": rows},
    "mark": "line",
    "encoding": {"x": {"field": "x", "type": "quantitative"}, "y": {"field": "y", "type": "quantitative"}},
    "usermeta": {"embedOptions": {"renderer": "canvas"}},  # as on the app's pages: what is timed is drawn alike
}
st.vega_lite_chart(chart, width="content")
