"""gdviz: an explorer of gradient descent. Run with ``streamlit run app.py``."""

import streamlit as st

st.set_page_config(page_title="gdviz", page_icon="⛰️", layout="wide")
PAGES = [
    st.Page("pages/descent.py", title="Descent", icon=":material/landscape:", default=True),
    st.Page("pages/gradient_flow.py", title="Gradient flow", icon=":material/waterfall_chart:"),
    st.Page("pages/reference.py", title="Reference", icon=":material/menu_book:"),
]
st.navigation(PAGES).run()
