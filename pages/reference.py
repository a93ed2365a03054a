"""The Reference page: every entry of the catalogues, generated from the entries themselves."""

import streamlit as st

from gdviz.export import glossary, reference
from gdviz.ui import style
from gdviz.ui.inspector import one_below_another
from gdviz.ui.navigation import begin_page

begin_page()
style.apply()
st.header("Reference")
st.markdown("Every rule, schedule and landscape: its formula, its source, and what its tests compare it with.")
GLOSSARY = "Glossary"
chosen = st.segmented_control(
    "Catalogue", [*reference.CATALOGUES, GLOSSARY], default="Optimizers", required=True, key="reference.catalogue"
)
sought = st.text_input("Search", max_chars=60, key="reference.search")
if chosen == GLOSSARY:
    for term, meaning in glossary.matching(sought).items():
        st.markdown(f"**{term}**  \n{meaning}")
    st.stop()
found = [entry for entry in reference.CATALOGUES[chosen].values() if reference.matches(entry, sought)]
st.caption(f"{len(found)} of {len(reference.CATALOGUES[chosen])} entries")
for entry in found:
    with st.expander(f"{entry.label}  ·  `{entry.name}`"):
        st.latex(one_below_another(entry.formula))
        st.text(reference.explanation(entry))
        st.markdown(reference.hyperparameters(entry))
        st.markdown(f"**Checked against** {reference.provenance(entry)}.")
        if entry.source:
            st.markdown(f"**Source** <{entry.source}>")
