"""Descent as it was before the live figure: a slider, six runs on the server, and a Vega chart that is drawn anew."""

import streamlit as st

import gdviz
from gdviz.charts import descent
from gdviz.ui.charts import show

RATES = {"gradient_descent": 1e-3, "momentum": 1e-3, "nesterov": 1e-3, "adagrad": 0.3, "rmsprop": 0.02, "adam": 0.1}

position = st.slider("learning rate", 1, 100, 50)
runs = [
    gdviz.descend("himmelblau", rule, rate * (position / 50 if rule == "adam" else 1.0), steps=300)
    for rule, rate in RATES.items()
]
show(descent(runs, width=960), "descent")
